/** Is the run alive, as one word and one sentence. */

import { capital, clock, minute } from './format.js';

const SILENT_AFTER_MS = 15_000; // three heartbeats missed: no longer called running

/** One of the contract's livenesses. `told` is what our server says; without it only the heartbeat's age is known. */
export function livenessOf(log, { told = null, now = null, earlier = false }) {
  if (log.status !== 'running') return log.status;
  if (earlier) return 'crashed'; // nobody writes to an earlier run any more
  if (told) return told;
  if (now !== null && !(now - log.updatedAt <= SILENT_AFTER_MS)) return 'stalled';
  return log.phase === 'paused' ? 'paused' : 'running';
}

export const isAlive = (liveness) => ['running', 'paused', 'stalled'].includes(liveness);

/** What the header shows: {kind, word, detail}. `kind` chooses shape and colour. */
export function describe(state) {
  const { kind, word, detail } = stateOf(state);
  const isSlow = state.connection.ok && state.connection.isSlow;
  return { kind, word, detail: isSlow ? [detail, 'slow connection'].filter(Boolean).join(' · ') : detail };
}

function stateOf({ log, liveness, connection, loaded }) {
  if (!connection.ok) {
    const seen = connection.seenAt === null ? 'not seen yet' : `last seen ${clock(connection.seenAt)}`;
    return { kind: 'gone', word: 'Disconnected', detail: `${seen}, trying again` };
  }
  if (!log && loaded === false) return { kind: 'waiting', word: 'Loading', detail: '' };
  if (!log) return { kind: 'waiting', word: 'Waiting', detail: 'for the first run' };
  const lastTime = clock(log.updatedAt);
  const silent = `no sign of life since ${lastTime}`;
  const details = {
    running: log.phase,
    paused: '',
    stalled: `${silent}; ${connection.kind === 'digits' ? 'the process still exists' : 'it may have crashed'}`,
    crashed: `${silent}; the process is gone`,
    stopped: `on request, ${lastTime}`,
    interrupted: `at ${lastTime}`,
    failed: log.error,
    completed: `at ${lastTime}`,
  };
  return { kind: liveness, word: liveness === 'paused' ? paused(log) : capital(liveness), detail: details[liveness] };
}

/** "Paused since 12:03", where the log tells the moment. */
function paused({ events }) {
  const since = events.findLast(({ kind }) => kind === 'paused')?.time ?? null;
  return since === null ? 'Paused' : `Paused since ${minute(since)}`;
}

/** How long it has trained, without the time between two processes. */
export const secondsOf = ({ batches, ...run }) => batches.seconds.findLast((seconds) => seconds !== null) ?? spanOf(run);

/** From the beginning to the last sign of life. */
export function spanOf({ startedAt, updatedAt }) {
  return startedAt === null || updatedAt === null ? null : (updatedAt - startedAt) / 1000;
}

/** How much of the run is done, 0..1; null where the log doesn't tell. */
export function doneOf({ progress, status }) {
  if (status === 'completed') return 1;
  return progress.steps && progress.step !== null ? Math.min(1, progress.step / progress.steps) : null;
}
