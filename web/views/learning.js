/** The charts: loss, accuracy, learning rate and throughput over one x axis. */

import * as chart from '../charts/chart.js';
import { parts } from '../core/dom.js';
import { figure } from '../charts/figure.js';
import { decimal, percent, whole } from '../core/format.js';
import { fromZero, robustAccuracyRange, robustRange } from '../charts/range.js';
import { spliced } from '../charts/rows.js';
import { prepare } from '../charts/series.js';

const plainTick = (value, { decimals }) => (decimals === null ? String(value) : value.toFixed(decimals));
export const MEASURES = [
  {
    key: 'loss',
    title: 'Loss',
    hint: 'lower is better',
    nothing: 'No batch logged yet.',
    lines: ['batch', 'train', 'validation'],
    range: robustRange,
    format: decimal,
    formatTick: plainTick,
    first: 'Up to',
    allowsLog: true,
  },
  {
    key: 'accuracy',
    title: 'Accuracy',
    hint: 'higher is better',
    lines: ['batch', 'train', 'validation'],
    range: robustAccuracyRange,
    format: percent,
    formatTick: (value, { decimals }) => `${(value * 100).toFixed(Math.max(0, decimals - 2))} %`,
    first: 'Down to',
  },
  {
    key: 'lr',
    title: 'Learning rate',
    hint: 'step size of the optimizer',
    lines: ['batch'],
    range: fromZero,
    format: decimal,
    formatTick: plainTick,
    allowsLog: true,
  },
  {
    key: 'throughput',
    title: 'Throughput',
    hint: 'images per second',
    lines: ['batch'],
    range: fromZero,
    format: whole,
    formatTick: (value) => (value < 1e6 ? whole(value) : `${value / 1e6} M`),
  },
];

export const PANELS = MEASURES.map(({ key }) => key);

export function mount(element, store) {
  store.on(['log', 'view', 'others', 'group', 'detail'], ({ log, view, others, group, detail }) => {
    element.hidden = !log;
    const batches = log && spliced(log.batches, detail?.runId === log.runId ? detail.rows : null);
    store.set({ curves: log ? prepare({ ...log, batches }, view.axis, others, group) : null });
  });
  const figures = MEASURES.map((measure) => [figure(measure), measure]);
  parts(element).charts.prepend(...figures.map(([frame]) => frame));
  for (const [frame, measure] of figures) {
    store.on(['curves'], ({ curves }) => { frame.dataset.state = stateOf(curves, measure.key); });
    chart.mount(frame, store, measure);
    const { enlarge, reset } = parts(frame);
    store.on(['view'], ({ view }) => {
      const isAlone = view.panel === measure.key;
      frame.classList.toggle('alone', isAlone);
      frame.hidden = Boolean(view.panel) && !isAlone;
      enlarge.ariaPressed = isAlone;
      enlarge.onclick = () => store.set({ view: { ...view, panel: isAlone ? null : measure.key } });
    });
    store.on(['zoom'], ({ zoom }) => { reset.hidden = zoom === null; });
    reset.addEventListener('click', () => store.set({ zoom: null }));
  }
}

/** `empty` until the first number: the style sheet then hides the placeholder. */
function stateOf(curves, key) {
  if (!curves) return 'empty';
  const { batch, train, validation } = curves[key];
  return batch.some((value) => value !== null) || train.length || validation.length ? 'drawn' : 'empty';
}
