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
      store.set({ loaded: true, kind, connection: { kind, ok: true, seenAt: Date.now() } });
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
    const log = parseLog(answer.value);
    if (!answer.news && shownLog?.runId === log?.runId) return judge(circumstances);
    if (!log) return undefined;
    await readRuns(log);
    return show(log, null, circumstances);
  }

  /** An earlier run doesn't change: its log is read once; the list tells of a new live run. */
  async function lookAtEarlier(id) {
    const list = await read(RUNS);
    if (list.news || !store.state.runs.length) store.set({ runs: parseRuns(list.value) });
    const run = store.state.runs.find(({ runId }) => runId === id);
    if (!run || !run.path) {
      store.set({ missing: run ? null : id, shown: null });
      return lookAtLive();
    }
    if (store.state.log?.runId === id) return undefined;
    const log = parseLog((await read(folderOf(id) + LOG)).value);
    return show(log, id, { earlier: true });
  }

  /** Put a log and the files it announces on the page, unless the reader meanwhile asked for another run. */
  async function show(log, shown, circumstances) {
    const path = folderOf(shown);
    const isOther = log?.runId !== store.state.log?.runId;
    const along = async (file, parse, known) => {
      if (!log?.files.includes(file)) return null;
      const answer = await read(path + file);
      return answer.news || isOther || !known ? parse(answer.value) : known;
    };
    const samples = await along('test_samples.json', parseSamples, store.state.samples);
    const parse = (value) => ({ ...parsePredictions(value), path });
    const predictions = await along('predictions.json', parse, store.state.predictions);
    const weights = await along('weights.json', parseWeights, store.state.weights);
    if (store.state.shown !== shown) return;
    const liveness = log && livenessOf(log, circumstances);
    store.set({ log, samples, predictions, weights, liveness, ...(isOther && store.state.log ? { zoom: null, cursor: null } : {}) });
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
    const list = await read(RUNS);
    runsFor = state;
    store.set({ runs: parseRuns(list.value) });
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? schedule() : look()));
  window.addEventListener('online', look);
  store.on(['interval'], () => looking || schedule());
  return { look };
}
