/** The charts: loss, accuracy, learning rate and throughput over one x axis. */

import * as chart from '../charts/chart.js';
import { parts, setText } from '../core/dom.js';
import { figure } from '../charts/figure.js';
import { decimal, percent, rate, tick, whole } from '../core/format.js';
import { fromZero, robustAccuracyRange, robustRange } from '../charts/range.js';
import { spliced } from '../charts/rows.js';
import { overPlannedRun } from '../charts/planned.js';
import { prepare } from '../charts/series.js';
import { isAlive } from '../core/status.js';

const plainTick = (value, { decimals }) => tick(value, decimals);
const errorRate = (accuracy) => Math.max(0, 1 - accuracy);
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
    formatTick: (value, { decimals }) => percent(value, Math.max(0, decimals - 2)),
    first: 'Down to',
    errors: {
      key: 'accuracy',
      title: 'Error rate',
      hint: 'log scale, lower is better',
      lines: ['batch', 'train', 'validation'],
      isLog: true,
      value: errorRate,
      range: robustRange,
      format: (accuracy) => percent(accuracy === null ? null : errorRate(accuracy)),
      formatSpread: percent,
      formatTick: (share) => `${tick(100 * share, null)}\u00a0%`,
    },
  },
  {
    key: 'lr',
    title: 'Learning rate',
    hint: 'step size of the optimizer',
    lines: ['batch'],
    range: fromZero,
    format: rate,
    formatTick: rate,
    allowsLog: true,
    isSmoothed: false, // it is a schedule, not a measurement
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

/** The measure under these chart options: the error rate instead of accuracy. */
export const byLooks = (measure) => (view) => (view.errors && measure.errors) || measure;

export const PANELS = MEASURES.map(({ key }) => key);

export function mount(element, store) {
  let before = { place: '', end: /** @type {number | null} */ (null) }; // of the x axis
  store.on(['log', 'liveness', 'view', 'others', 'group', 'detail'], ({ log, liveness, view, others, group, detail }) => {
    element.hidden = !log;
    if (!log) return store.set({ curves: null });
    const batches = spliced(log.batches, detail?.runId === log.runId ? detail.rows : null);
    const curves = prepare({ ...log, batches }, view.axis, others, group);
    const place = `${log.runId} ${curves.unit}`;
    const shown = isAlive(liveness) ? overPlannedRun(curves, log, place === before.place ? before.end : null) : curves;
    before = { place, end: shown.full[1] };
    return store.set({ curves: shown });
  });
  const figures = MEASURES.map((measure) => [chartOf(measure, store), measure]);
  const { charts, secondary } = parts(element);
  charts.append(...figures.filter(([, { lines }]) => lines.length > 1).map(([frame]) => frame));
  secondary.prepend(...figures.filter(([, { lines }]) => lines.length === 1).map(([frame]) => frame));
  for (const [frame, measure] of figures) {
    const { enlarge, reset } = parts(frame);
    store.on(['view'], ({ view }) => {
      const isAlone = view.panel === measure.key;
      frame.classList.toggle('alone', isAlone);
      frame.hidden = Boolean(view.panel) && !isAlone;
      setText(enlarge, isAlone ? 'Restore' : 'Enlarge');
      enlarge.onclick = () => {
        store.set({ view: { ...view, panel: isAlone ? null : measure.key } });
        frame.scrollIntoView({ block: 'nearest' });
      };
    });
    store.on(['zoom'], ({ zoom }) => { reset.hidden = zoom === null; });
    reset.addEventListener('click', () => store.set({ zoom: null }));
  }
}

/** The figure of a measure and its chart; `isPicture`: without keys. */
export function chartOf(measure, store, isPicture = false) {
  const frame = figure(measure, isPicture);
  const measureFor = byLooks(measure);
  const { title, hint } = parts(frame);
  store.on(['curves'], ({ curves }) => { frame.dataset.state = stateOf(curves, measure.key); });
  store.on(['view'], ({ view }) => {
    setText(title, measureFor(view).title);
    setText(hint, measureFor(view).hint);
  });
  chart.mount(frame, store, measureFor);
  return frame;
}

/** `empty` until the first number: the style sheet then hides the placeholder. */
function stateOf(curves, key) {
  if (!curves) return 'empty';
  const { batch, train, validation } = curves[key];
  return batch.some((value) => value !== null) || train.length || validation.length ? 'drawn' : 'empty';
}
