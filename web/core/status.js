/** The status of a run: decided from its log and the server, named, and described in a sentence. */

import { SITE } from './api.js';
import { capital, clock, minute } from './format.js';

/** @import {Liveness, Log, Run, Status} from './types.js' */

/** @type {Status[]} */
export const STATUSES = ['running', 'completed', 'stopped', 'interrupted', 'failed']; // as the trainer writes it
/** @type {Liveness[]} */
export const LIVENESSES = [...STATUSES, 'paused', 'stalled', 'crashed']; // as it is displayed

export const SILENT_AFTER_MS = 15_000; // three missed heartbeats: no longer called running

/**
 * `reported`: the liveness from our server; without it only the heartbeat's age is known. `now`: a server's clock.
 * @param {Log} log
 * @param {{reported?: Liveness | null, now?: number | null, isEarlier?: boolean}} [circumstances]
 * @returns {Liveness}
 */
export function livenessOf(log, { reported = null, now = null, isEarlier = false } = {}) {
  if (log.status !== 'running') return log.status;
  if (isEarlier) return 'crashed'; // no trainer writes to an earlier run
  if (reported) return reported;
  if (!SITE && now !== null && !(now - (log.updatedAt ?? NaN) <= SILENT_AFTER_MS)) return 'stalled';
  return log.phase === 'paused' ? 'paused' : 'running';
}

/**
 * Of an entry in the list of runs, which is only written when a run begins or ends.
 * @param {Run} run
 * @param {{runId: string, liveness: Liveness} | null} live
 */
export const listedLiveness = ({ runId, path, status }, live) => (live?.runId === runId && !path ? live.liveness : status);

/** @param {Liveness | null} [liveness] */
export const isAlive = (liveness) => liveness === 'running' || liveness === 'paused' || liveness === 'stalled';

/** For the header: {kind, word, detail}; `kind` selects shape and color. */
export function describe(state) {
  const { kind, word, detail } = stateOf(state);
  const { ok, isSlow, loading = [] } = state.connection;
  const slow = ok && (isSlow || loading.length) ? ['slow connection', loading.map(nameOf).join(', ')].filter(Boolean).join(': loading ') : '';
  return { kind, word, detail: [detail, slow].filter(Boolean).join(' · ') };
}

/** "training log", of results/training_log.json */
const nameOf = (url) => url.replace(/^.*\//, '').replace(/\.\w+$/, '').replaceAll(/[_-]/g, ' ');

function stateOf({ log, liveness, connection, loaded }) {
  if (!connection.ok) {
    const since = connection.seenAt === null ? 'no answer yet' : `no answer since ${clock(connection.seenAt)}`;
    return { kind: 'disconnected', word: 'Disconnected', detail: `${since}, retrying` };
  }
  if (!log && loaded === false) return { kind: 'waiting', word: 'Loading', detail: '' };
  if (!log) return { kind: 'waiting', word: 'Waiting', detail: 'for the first run' };
  return { kind: liveness, word: liveness === 'paused' ? paused(log) : capital(liveness), detail: detailsOf(log, connection)[liveness] };
}

function detailsOf({ updatedAt, phase, error }, { kind }) {
  const lastTime = clock(updatedAt);
  const silent = `no heartbeat since ${lastTime}`;
  return {
    running: SITE ? `when copied, ${lastTime}` : phase,
    paused: '',
    stalled: `${silent}; ${kind === 'digits' ? 'the process still exists' : 'it may have crashed'}`,
    crashed: `${silent}; the process is gone`,
    stopped: `on request, ${lastTime}`,
    interrupted: `at ${lastTime}`,
    failed: error,
    completed: `at ${lastTime}`,
  };
}

/** "Paused since 12:03", where the log has the time. */
function paused({ events }) {
  const since = events.findLast(({ kind }) => kind === 'paused')?.time ?? null;
  return since === null ? 'Paused' : `Paused since ${minute(since)}`;
}

/**
 * Training time, without the time between two processes.
 * @param {Log} log
 */
export const secondsOf = ({ batches, ...run }) => batches.seconds.findLast((seconds) => seconds !== null) ?? spanOf(run);

/**
 * From the start to the last heartbeat.
 * @param {{startedAt: number | null, updatedAt: number | null}} run
 */
function spanOf({ startedAt, updatedAt }) {
  return startedAt === null || updatedAt === null ? null : (updatedAt - startedAt) / 1000;
}

/**
 * The completed fraction of the run, 0 to 1; null where the log has no total.
 * @param {Log} log
 */
export function doneOf({ progress, status }) {
  if (status === 'completed') return 1;
  return progress.steps && progress.step !== null ? Math.min(1, progress.step / progress.steps) : null;
}
