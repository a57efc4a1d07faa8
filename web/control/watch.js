/** Polling of the control state: one request at every look of the page. */

import { ask } from '../core/reader.js';
import { parseControl } from './state.js';

export function watch(store) {
  let isNone = false; // a server without control; another may replace it later
  let isAsking = false;
  store.on(['connection', 'token'], look);

  async function look() {
    const { connection, token } = store.state;
    if (!connection.ok) isNone = false;
    if (!connection.ok || connection.kind !== 'digits' || isNone || isAsking) return;
    isAsking = true;
    try {
      const { ok, status, text } = await ask('control', { headers: { 'X-Control-Token': token } });
      const isBusy = status >= 500; // the last state remains valid
      isNone = status === 404;
      if (token === store.state.token && !isBusy) take(ok ? parseControl(JSON.parse(text)) : null);
    } catch {
      // No server: the next look says so.
    } finally {
      isAsking = false;
    }
    if (token !== store.state.token) look();
  }

  function take(control) {
    if (JSON.stringify(control) !== JSON.stringify(store.state.control)) store.set({ control });
  }
}
