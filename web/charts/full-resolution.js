/** Full resolution: every batch of the zoomed range, read from batches.csv with a Range request. */

import { folderOf } from '../core/api.js';
import { bytesOf, parseRows, within } from './rows.js';

const MAX_BATCHES = 20_000; // more than there are pixels, and about a megabyte
const MAX_BYTES = 8 << 20; // of the whole file, from a server without ranges
const DEBOUNCE_MS = 200; // a drag or a pinch ends first

export function follow(store) {
  let timer = 0;
  let turn = 0;
  store.on(['zoom', 'log'], ({ zoom, detail, log }) => {
    if (detail && (!zoom || detail.runId !== log?.runId)) store.set({ detail: null });
    clearTimeout(timer);
    if (zoom && log) timer = setTimeout(load, DEBOUNCE_MS);
  });

  async function load() {
    const { zoom, log, shown, detail, curves } = store.state;
    const { step: steps } = log.batches;
    if (!(steps[1] - steps[0] > 1)) return; // the log has every batch
    const span = stepsIn(curves, zoom);
    if (span[1] - span[0] > MAX_BATCHES) return;
    if (detail && detail.from <= span[0] && detail.to >= span[1]) return;
    const mine = (turn += 1);
    const rows = await readRows(`${folderOf(shown)}batches.csv`, span, steps.at(-1)).catch(() => null);
    if (!rows || mine !== turn || store.state.log?.runId !== log.runId || !store.state.zoom) return;
    store.set({ detail: { runId: log.runId, from: span[0], to: span[1], rows } });
  }
}

/** The steps in view, extended to the next bucket on either side. */
function stepsIn({ batchX, steps }, zoom) {
  const first = batchX.findLastIndex((x) => x < zoom[0]);
  const last = batchX.findIndex((x) => x > zoom[1]);
  return [first < 0 ? 1 : steps[first], last < 0 ? steps.at(-1) : steps[last]];
}

async function readRows(url, span, last) {
  const head = await fetch(url, { method: 'HEAD', cache: 'no-store' });
  const size = Number(head.headers.get('Content-Length'));
  if (!head.ok || !size) return null;
  const [from, to] = bytesOf(span, last, size);
  const answer = await fetch(url, { headers: { Range: `bytes=${from}-${to}` }, cache: 'no-store' });
  if (!answer.ok || (answer.status === 200 && size > MAX_BYTES)) return null;
  const text = await answer.text();
  const whole = answer.status === 200 || from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  return within(parseRows(whole), span);
}
