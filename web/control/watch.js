/** Polling of the control state: one request at every poll of the page. */

import { Unreachable, ask } from '../core/reader.js';
import { authorization } from './requests.js';
import { parseControl } from './state.js';

export function watch(store) {
  let isNone = false; // a server without control; another may replace it later
  let isAsking = false;
  store.on(['connection', 'token'], poll);

  async function poll() {
    const { connection, token } = store.state;
    if (!connection.ok) isNone = false;
    if (!connection.ok || connection.kind !== 'digits' || isNone || isAsking) return;
    isAsking = true;
    try {
      const { ok, status, text } = await ask('control', { headers: authorization(token) });
      const isBusy = status >= 500; // the last state remains valid
      isNone = status === 404;
      if (token === store.state.token && !isBusy) take(ok ? parseControl(JSON.parse(text)) : null);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error; // without a server: the next poll tries again
    } finally {
      isAsking = false;
    }
    if (token !== store.state.token) poll();
  }

  function take(control) {
    if (JSON.stringify(control) !== JSON.stringify(store.state.control)) store.set({ control });
  }
}
