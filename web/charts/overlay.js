/** The overlaid runs: each is read once, and again when the list of runs changes. */

import { API } from '../core/api.js';
import { parseLog } from '../core/contract.js';
import { createReader } from '../core/reader.js';
import { MOST_COMPARED } from '../core/url-state.js';

/** @import {OverlaidRun, Store} from '../core/store.js' */
/** @import {Run} from '../core/types.js' */

const UNREADABLE = { value: undefined };

/**
 * Their curves first; their predictions once the comparison is in view.
 * @param {Store} store
 */
export function follow(store) {
  const read = createReader();
  let latest = 0;

  store.on(['overlay', 'runs', 'shown', 'isComparing'], async ({ overlay, runs, shown, isComparing }) => {
    const turn = (latest += 1);
    const show = (others) => turn === latest && store.set({ others });
    const current = shown ?? runs.find(({ path }) => path === '')?.runId; // not the log's: that follows later
    const wanted = overlay.filter((id) => id !== current).map((id) => runs.find(({ runId }) => runId === id)).filter((run) => run !== undefined);
    const others = (await Promise.all(wanted.slice(0, MOST_COMPARED).map(load))).filter((other) => other !== null);
    show(others);
    if (isComparing) show(await Promise.all(others.map(withPredictions)));
  });

  /**
   * Null for a run that can't be read now.
   * @param {Run} run
   * @returns {Promise<OverlaidRun | null>}
   */
  async function load({ runId, path, name }) {
    const folder = `${API}results/${path}`;
    const log = parseLog((await read(`${folder}training_log.json`).catch(() => UNREADABLE)).value);
    if (!log) return null;
    const before = store.state.others.find((other) => other.runId === runId);
    return { runId, folder, log: { ...log, name: name === runId ? log.name : name }, predictions: before?.predictions ?? null };
  }

  /** @returns {Promise<OverlaidRun>} */
  async function withPredictions(other) {
    if (!other.log.files.includes('predictions.json')) return other;
    const { value } = await read(`${other.folder}predictions.json`).catch(() => UNREADABLE);
    const { parsePredictions } = await import('../core/artifact-parsers.js');
    return value === undefined ? other : { ...other, predictions: parsePredictions(value) };
  }
}
