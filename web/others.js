/** The runs that are laid over the one shown: read once each, and again when the list of runs changes. */

import { API } from './api.js';
import { parseLog } from './contract.js';
import { createReader } from './reader.js';
import { parsePredictions } from './record.js';

export const MOST = 4; // as many colours as can be told apart beside the shown run's two

export function follow(store) {
  const read = createReader();
  let latest = 0;

  store.on(['overlay', 'runs', 'shown'], async ({ overlay, runs, shown }) => {
    const turn = (latest += 1);
    const current = shown ?? runs.find(({ path }) => path === '')?.runId; // not the log's: that follows later
    const wanted = overlay.map((id) => runs.find(({ runId }) => runId === id)).filter(Boolean).slice(0, MOST);
    const others = await Promise.all(wanted.filter(({ runId }) => runId !== current).map(load));
    if (turn === latest) store.set({ others: others.filter(Boolean) });
  });

  /** A run that can't be read now is left out; the page goes on. */
  async function load({ runId, path, name }) {
    try {
      const log = parseLog((await read(`${API}results/${path}training_log.json`)).value);
      if (!log) return null;
      const known = log.files.includes('predictions.json');
      const predictions = known ? parsePredictions((await read(`${API}results/${path}predictions.json`)).value) : null;
      return { runId, log: { ...log, name: name === runId ? log.name : name }, predictions };
    } catch {
      return null;
    }
  }
}
