/** Poller: one poll at a time, the next one when it is due. */

import { SITE } from './api.js';
import { delay } from './polling.js';
import { Unreachable, endOpening } from './reader.js';
import { RunReader } from './run-reader.js';

const SLOW_MS = 1000; // a longer poll means a slow connection

export function createPoller(store, read, serverKind) {
  const reader = new RunReader(store, read);
  let kind = null;
  let failures = 0;
  let timer = 0;
  let isLooking = false;
  let isWanted = false; // another poll, since this one began

  const connect = (changes) => store.set({ connection: { ...store.state.connection, ...changes } });

  async function poll() {
    isWanted = isLooking;
    if (isLooking) return;
    isLooking = true;
    clearTimeout(timer);
    const startedAt = Date.now();
    const slow = setTimeout(() => connect({ isSlow: true }), SLOW_MS);
    try {
      kind ??= await serverKind();
      await reader.update(kind === 'digits');
      failures = 0;
      store.set({ loaded: true });
      connect({ kind, ok: true, seenAt: Date.now(), isSlow: Date.now() - startedAt > SLOW_MS });
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      failures += 1;
      kind = null; // another server may answer next
      store.set({ loaded: true });
      connect({ ok: false });
    } finally {
      clearTimeout(slow);
      endOpening();
      isLooking = false;
      schedule();
    }
  }

  function schedule() {
    clearTimeout(timer);
    if (SITE && !failures && !isWanted) return; // nothing changes there
    const { interval, liveness, log } = store.state;
    const isFirst = liveness === 'running' && !log?.epochs.epoch.length; // a run may be short
    const seconds = isWanted ? 0 : delay({ interval, hidden: document.hidden, failures, isFirst });
    timer = setTimeout(poll, seconds * 1000);
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? schedule() : poll()));
  window.addEventListener('online', poll);
  store.on(['interval'], () => isLooking || schedule());
  return { poll };
}
