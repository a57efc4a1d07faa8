/** The overlaid runs: the log of each is read once, that of the live run again when the list of runs changes. */

import { RESULTS } from '../core/api.js';
import { parseLog } from '../core/contract.js';
import { createReader } from '../core/reader.js';
import { groupKey, groupsOf, marksOf } from './groups.js';
import { isShownRun, numbersOf } from './slots.js';

/** @import {OverlaidRun, State, Store} from '../core/state-types.js' */
/** @import {Predictions} from '../core/artifact-types.js' */
/** @import {Log, Run} from '../core/types.js' */

/** @typedef {{run: Run, log: Log, predictions: Predictions | null}} Loaded */

/**
 * Their curves first; their predictions once the comparison is in view.
 * @param {Store} store
 */
export function follow(store) {
  const read = createReader();
  let isIncomplete = false; // the server did not answer: the next poll retries
  const valueOf = (path) => read(`${RESULTS}${path}`).then(({ value }) => value, () => { isIncomplete = true; });
  /** @type {Map<string, Loaded>} */
  const known = new Map(); // by path: a run that is no longer live does not change
  /** @type {Loaded[]} */
  let loaded = [];
  let latest = 0;

  store.on(['overlay', 'runs', 'shown', 'isComparing'], update);
  store.on(['connection'], (state) => { if (isIncomplete && state.connection.ok) update(state); });

  async function update(state) {
    const turn = (latest += 1);
    isIncomplete = false;
    const found = await Promise.all(wanted(state).map(load));
    if (turn !== latest) return;
    loaded = found.filter((one) => one !== null);
    publish();
    if (!state.isComparing || loaded.every(({ predictions }) => predictions)) return;
    await Promise.all(loaded.map(readPredictions));
    if (turn === latest) publish();
  }

  let wasGrouped = store.state.list.isGrouped;
  store.on(['list'], ({ list }) => {
    if (list.isGrouped !== wasGrouped) publish();
    wasGrouped = list.isGrouped;
  });

  const publish = () => store.set(overlaid(loaded, store.state));

  /**
   * Null for a run that can't be read now.
   * @param {Run} run
   * @returns {Promise<Loaded | null>}
   */
  async function load(run) {
    const before = known.get(run.path);
    if (run.path && before) return { ...before, run };
    const log = parseLog(await valueOf(`${run.path}training_log.json`));
    if (!log) return null;
    const one = { run, log, predictions: before?.log.runId === log.runId ? before.predictions : null };
    known.set(run.path, one);
    return one;
  }

  /** @param {Loaded} one */
  async function readPredictions(one) {
    if (!one.log.files.includes('predictions.json')) return;
    const value = await valueOf(`${one.run.path}predictions.json`);
    const { parsePredictions } = await import('../core/artifact-parsers.js');
    if (value !== undefined) one.predictions = parsePredictions(value);
    known.set(one.run.path, one);
  }
}

/** @param {State} state */
function wanted({ overlay, runs, shown }) {
  const listed = overlay.map((id) => runs.find(({ runId }) => runId === id)).filter((run) => run !== undefined);
  return listed.filter((run) => !isShownRun(run, shown));
}

/**
 * With their colors and names, and the groups that are drawn together.
 * @param {Loaded[]} loaded
 * @param {State} state
 * @returns {{others: OverlaidRun[], group: string | null}}
 */
function overlaid(loaded, { overlay, runs, list, shown }) {
  const numbers = numbersOf(overlay, runs, list.isGrouped);
  const marks = marksOf(runs);
  const own = runs.find((run) => isShownRun(run, shown));
  const drawn = [...loaded.map(({ run }) => run), ...(own ? [own] : [])];
  const groups = new Map(list.isGrouped ? groupsOf(drawn, runs).filter((group) => group.runs.length > 1).map((group) => [group.key, group]) : []);
  const others = loaded.map(({ run, log, predictions }) => {
    const { runId, path } = run;
    const group = groups.get(groupKey(run));
    const name = group?.name ?? (run.name === runId ? log.name : run.name);
    return {
      runId, folder: `${RESULTS}${path}`, predictions, number: numbers.get(runId) ?? 1, group: group?.key ?? null, mark: marks.get(runId) ?? '',
      log: { ...log, name },
    };
  });
  return { others, group: own ? groups.get(groupKey(own))?.key ?? null : null };
}
