/** Keeps what the server says of the trainer up to date: asked at every look of the page. */

import { parseControl } from './state.js';

export function watch(store) {
  let isNone = false; // a server without controls; another may stand in its place later
  store.on(['connection', 'token'], async ({ connection, token }) => {
    if (!connection.ok) isNone = false;
    if (!connection.ok || connection.kind !== 'digits' || isNone) return;
    try {
      const answer = await fetch('control', { cache: 'no-store', headers: { 'X-Control-Token': token } });
      isNone = answer.status === 404;
      const control = answer.ok ? parseControl(await answer.json()) : null;
      if (JSON.stringify(control) !== JSON.stringify(store.state.control)) store.set({ control });
    } catch {
      // No server: the next look says so.
    }
  });
}
