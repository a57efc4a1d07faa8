/** The runs that are laid over the one shown: read once each, and again when the list of runs changes. */

import { API } from '../core/api.js';
import { parseLog } from '../core/contract.js';
import { createReader } from '../core/reader.js';
import { MOST_COMPARED } from '../core/url-state.js';

/** Their curves first; their predictions once the comparison is seen. */
export function follow(store) {
  const read = createReader();
  let latest = 0;

  store.on(['overlay', 'runs', 'shown', 'isComparing'], async ({ overlay, runs, shown, isComparing }) => {
    const turn = (latest += 1);
    const show = (others) => turn === latest && store.set({ others });
    const current = shown ?? runs.find(({ path }) => path === '')?.runId; // not the log's: that follows later
    const known = overlay.map((id) => runs.find(({ runId }) => runId === id)).filter(Boolean);
    const others = await Promise.all(known.filter(({ runId }) => runId !== current).slice(0, MOST_COMPARED).map(load));
    show(others.filter(Boolean));
    if (isComparing) show(await Promise.all(others.filter(Boolean).map(withPredictions)));
  });

  /** A run that can't be read now is left out; the page goes on. */
  async function load({ runId, path, name }) {
    const folder = `${API}results/${path}`;
    const log = parseLog((await read(`${folder}training_log.json`).catch(() => ({}))).value);
    if (!log) return null;
    const before = store.state.others.find((other) => other.runId === runId);
    return { runId, folder, log: { ...log, name: name === runId ? log.name : name }, predictions: before?.predictions ?? null };
  }

  async function withPredictions(other) {
    if (!other.log.files.includes('predictions.json')) return other;
    const { value } = await read(`${other.folder}predictions.json`).catch(() => ({}));
    const { parsePredictions } = await import('../core/artifact-parsers.js');
    return value === undefined ? other : { ...other, predictions: parsePredictions(value) };
  }
}
