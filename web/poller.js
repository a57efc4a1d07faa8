/** Fills the store: one look at a time, the next one when its time has come. */

import { API, folderOf } from './api.js';
import { parseLog, parseRuns, parseStatus } from './contract.js';
import { livenessOf } from './liveness.js';
import { delay, isNews } from './polling.js';
import { Unreachable } from './reader.js';
import { parsePredictions, parseSamples, parseWeights } from './record.js';

const LOG = 'training_log.json';
const RUNS = `${folderOf(null)}runs.json`;

export function createPoller(store, read, serverKind) {
  let kind = null;
  let failures = 0;
  let timer = 0;
  let looking = false;
  let again = false;
  let runsFor = null; // the state of the live run for which runs.json was read
  let drawn = {}; // {value, shown}: the log as it was read, and whose
  const made = new Map(); // file -> {value, result}

  async function look() {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    again = false;
    clearTimeout(timer);
    try {
      kind ??= await serverKind();
      await (store.state.shown === null ? lookAtLive() : lookAtEarlier(store.state.shown));
      failures = 0;
      store.set({ loaded: true, connection: { kind, ok: true, seenAt: Date.now() } });
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      failures += 1;
      kind = null; // who answers next may be another server
      store.set({ loaded: true, connection: { ...store.state.connection, ok: false } });
    } finally {
      looking = false;
      schedule();
    }
  }

  function schedule() {
    clearTimeout(timer);
    const seconds = again ? 0 : delay({ interval: store.state.interval, hidden: document.hidden, failures });
    timer = setTimeout(look, seconds * 1000);
  }

  async function lookAtLive() {
    const status = kind === 'digits' ? await read(`${API}training_status`) : null;
    const told = status && parseStatus(status.value);
    const { log: shownLog } = store.state;
    // No liveness: no run, or half a log. What is shown stays until the file itself is gone.
    if (told && !told.liveness && !shownLog) return show(null, null);
    if (told && !isNews(told, shownLog)) return judge({ told: told.liveness });
    const answer = await read(folderOf(null) + LOG);
    if (answer.missing) return show(null, null);
    const circumstances = { told: told?.liveness, now: answer.date };
    if (answer.value === drawn.value && shownLog) return judge(circumstances);
    const log = parseLog(answer.value);
    if (!log) return undefined;
    await readRuns(log);
    return show(log, null, circumstances, answer.value);
  }

  /** An earlier run doesn't change: its log is read once; the list tells of a new live run. */
  async function lookAtEarlier(id) {
    store.set({ runs: madeOf(RUNS, (await read(RUNS)).value, parseRuns) });
    const run = store.state.runs.find(({ runId }) => runId === id);
    if (!run || !run.path) {
      store.set({ missing: run ? null : id, shown: null });
      return lookAtLive();
    }
    if (store.state.log?.runId === id) return undefined;
    const { value } = await read(folderOf(id) + LOG);
    return show(parseLog(value), id, { earlier: true }, value);
  }

  /** The same for the same, so that only what is new is drawn. */
  function madeOf(file, value, parse) {
    if (!made.has(file) || made.get(file).value !== value) made.set(file, { value, result: parse(value) });
    return made.get(file).result;
  }

  /** Put a log and the files it announces on the page, unless the reader meanwhile asked for another run. */
  async function show(log, shown, circumstances, value) {
    const path = folderOf(shown);
    const along = async (file, parse) => (log?.files.includes(file) ? madeOf(file, (await read(path + file)).value, parse) : null);
    const samples = await along('test_samples.json', parseSamples);
    const predictions = await along('predictions.json', (answers) => ({ ...parsePredictions(answers), path }));
    const weights = await along('weights.json', parseWeights);
    const { log: before, shown: wanted } = store.state;
    if (wanted !== shown) return;
    const liveness = log && livenessOf(log, circumstances);
    const isReplaced = before && shown === null && drawn.shown === null && log?.runId !== before.runId;
    drawn = { value, shown };
    store.set({ log, samples, predictions, weights, liveness, ...(isReplaced && { zoom: null, cursor: null }) });
  }

  /** The same log in other circumstances: its heartbeat may have grown old. */
  function judge(circumstances) {
    const { log, shown } = store.state;
    if (log && shown === null) store.set({ liveness: livenessOf(log, circumstances) });
  }

  /** The list of runs changes when a run begins, knows its model, or ends. */
  async function readRuns({ runId, status, model }) {
    const state = `${runId} ${status} ${model?.name}`;
    if (runsFor === state) return;
    const { value } = await read(RUNS);
    runsFor = state;
    store.set({ runs: madeOf(RUNS, value, parseRuns) });
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? schedule() : look()));
  window.addEventListener('online', look);
  store.on(['interval'], () => looking || schedule());
  return { look };
}
