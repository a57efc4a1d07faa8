/** Fills the store: one look at a time, the next one when its time has come. */

import { API, folderOf } from './api.js';
import { agreeing, parseLog, parseRuns, parseStatus } from './contract.js';
import { livenessOf } from './status.js';
import { delay, isNews } from './polling.js';
import { Unreachable } from './reader.js';

const LOG = 'training_log.json';
const RUNS = 'runs.json';
const SLOW_MS = 1000; // a look that takes longer tells of a slow connection

export function createPoller(store, read, serverKind) {
  let kind = null;
  let failures = 0;
  let timer = 0;
  let looking = false;
  let again = false;
  let listless = null; // the state of the live run in which a server of another kind had no runs.json
  let drawn = {}; // {value, written, shown}: the log as it was read, and whose
  const etags = new Map(); // file -> its ETag in our server's status when it was last read
  const made = new Map(); // file -> {value, result}

  async function look() {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    again = false;
    clearTimeout(timer);
    const startedAt = Date.now();
    const connect = (changes) => store.set({ connection: { ...store.state.connection, ...changes } });
    const slow = setTimeout(() => connect({ isSlow: true }), SLOW_MS);
    try {
      kind ??= await serverKind();
      await (store.state.shown === null ? lookAtLive() : lookAtEarlier(store.state.shown));
      failures = 0;
      store.set({ loaded: true });
      connect({ kind, ok: true, seenAt: Date.now(), isSlow: Date.now() - startedAt > SLOW_MS });
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      failures += 1;
      kind = null; // who answers next may be another server
      store.set({ loaded: true });
      connect({ ok: false });
    } finally {
      clearTimeout(slow);
      looking = false;
      schedule();
    }
  }

  function schedule() {
    clearTimeout(timer);
    const seconds = again ? 0 : delay({ interval: store.state.interval, hidden: document.hidden, failures });
    timer = setTimeout(look, seconds * 1000);
  }

  /** The log first: the rest of the page can wait for the list of runs. */
  async function lookAtLive() {
    const told = await readStatus();
    await lookAtLog(told);
    const { log, shown } = store.state;
    if (told) await readRuns(told);
    else if (log && shown === null) await readRuns(null, `${log.runId} ${log.status} ${log.model?.name}`);
    if (log && shown === null) store.set({ runs: agreeing(store.state.runs, log) });
  }

  async function lookAtLog(told) {
    const shownLog = drawn.shown === null ? store.state.log : null;
    // No liveness: no run, or half a log. What is shown stays until the file itself is gone.
    if (told && !told.liveness && !store.state.log) return show(null, null);
    if (told && shownLog && !isNews(LOG, told.etags, etags)) return judge({ told: told.liveness });
    const answer = await read(folderOf(null) + LOG);
    if (answer.missing) return show(null, null);
    const circumstances = { told: told?.liveness, now: answer.date };
    const isSame = shownLog && answer.value === drawn.value && answer.written === drawn.written;
    const log = isSame ? shownLog : parseLog(answer.value, told?.updatedAt ?? answer.written);
    if (!log) return undefined; // half a file: it is asked for again
    if (isSame) judge(circumstances);
    else show(log, null, circumstances, answer);
    if (told && drawn.value === answer.value) etags.set(LOG, told.etags.get(LOG)); // else another run was asked for
    return undefined;
  }

  /** What our server says of the live run; null from any other. */
  async function readStatus() {
    return kind === 'digits' ? parseStatus((await read(`${API}training_status`)).value) : null;
  }

  /** An earlier run doesn't change: its log is read once. The list of runs and the live one's state are followed. */
  async function lookAtEarlier(id) {
    const told = await readStatus();
    await readRuns(told);
    setLive(told?.runId, told?.liveness);
    const run = store.state.runs.find(({ runId }) => runId === id);
    if (!run || !run.path) {
      store.set({ missing: run ? null : id, shown: null });
      return lookAtLive();
    }
    if (store.state.log?.runId === id) return undefined;
    const answer = await read(folderOf(id) + LOG);
    return show(parseLog(answer.value, answer.written), id, { earlier: true }, answer);
  }

  /** The same for the same, so that only what is new is drawn. */
  function madeOf(file, value, parse) {
    if (!made.has(file) || made.get(file).value !== value) made.set(file, { value, result: parse(value) });
    return made.get(file).result;
  }

  /** Put a log on the page, unless the reader meanwhile asked for another run. */
  function show(log, shown, circumstances, { value, written } = {}) {
    const { log: before, shown: wanted } = store.state;
    if (wanted !== shown) return;
    const liveness = log && livenessOf(log, circumstances);
    const isReplaced = before && shown === null && drawn.shown === null && log?.runId !== before.runId;
    drawn = { value, written, shown };
    if (shown === null) setLive(log?.runId, liveness);
    store.set({ log, folder: folderOf(shown), liveness, ...(isReplaced && { zoom: null, cursor: null }) });
  }

  /** The same log in other circumstances: its heartbeat may have grown old. */
  function judge(circumstances) {
    const { log, shown } = store.state;
    if (!log || shown !== null) return;
    const liveness = livenessOf(log, circumstances);
    setLive(log.runId, liveness);
    store.set({ liveness });
  }

  /** Without a liveness nobody knows how the live run is, or there is none. */
  function setLive(runId, liveness) {
    const { live } = store.state;
    if (!liveness) store.set({ live: null });
    else if (live?.runId !== runId || live.liveness !== liveness) store.set({ live: { runId, liveness } });
  }

  /**
   * The list of runs, which changes when one begins, ends, or is named or deleted, here or in another tab. Where our
   * server tells nothing of it, it is asked for at every look; where there is none, again in another `state`.
   */
  async function readRuns(told, state = null) {
    if (told ? !isNews(RUNS, told.etags, etags) : state !== null && state === listless) return;
    const { value, missing } = await read(folderOf(null) + RUNS);
    listless = missing ? state : null;
    if (told) etags.set(RUNS, told.etags.get(RUNS));
    store.set({ runs: madeOf(RUNS, value, parseRuns) });
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? schedule() : look()));
  window.addEventListener('online', look);
  store.on(['interval'], () => looking || schedule());
  return { look };
}
