/** Loss and accuracy, side by side, over the same stretch of the run. */

import * as chart from './chart.js';
import { decimal, percent } from './format.js';
import { robustAccuracyRange, robustRange } from './range.js';
import { prepare } from './series.js';

const MEASURES = {
  loss: {
    key: 'loss',
    range: robustRange,
    format: decimal,
    formatTick: (value, { decimals }) => value.toFixed(decimals),
    first: 'Up to',
  },
  accuracy: {
    key: 'accuracy',
    range: robustAccuracyRange,
    format: (value) => percent(value),
    formatTick: (value, { decimals }) => `${(value * 100).toFixed(Math.max(0, decimals - 2))} %`,
    first: 'Down to',
  },
};

export function mount(element, store) {
  store.on(['log'], ({ log }) => {
    element.hidden = !log;
    store.set({ curves: log ? prepare(log) : null });
  });
  for (const figure of element.querySelectorAll('figure')) {
    const measure = MEASURES[figure.dataset.measure];
    store.on(['curves'], ({ curves }) => { figure.dataset.state = stateOf(curves, measure.key); });
    chart.mount(figure, store, measure);
    const reset = figure.querySelector('[data-part=reset]');
    store.on(['zoom'], ({ zoom }) => { reset.hidden = zoom === null; });
    reset.addEventListener('click', () => store.set({ zoom: null }));
  }
}

/** `empty` until the first number; then CSS hides what says that there is none. */
function stateOf(curves, key) {
  if (!curves) return 'empty';
  const { batch, train, validation } = curves[key];
  return batch.some((value) => value !== null) || train.length || validation.length ? 'drawn' : 'empty';
}
