/** The charts of a comparison: validation curves, of a group as mean and band, without the batches and training curves. */

import * as chart from '../charts/chart.js';
import { figure } from '../charts/figure.js';
import { prepare } from '../charts/series.js';
import { parts } from '../core/dom.js';
import { createStore } from '../core/store.js';
import { PLAIN } from '../core/url-state.js';
import { MEASURES, byLooks } from './learning.js';

/** @import {Store} from '../core/state-types.js' */

const NO_LINES = { batch: [], train: [], validation: [] };

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function mountCharts(element, store) {
  // Cursor and zoom are those of these charts, whose axis may be longer than that of the shown run.
  const own = createStore({ ...store.state, curves: null, cursor: null, zoom: null, view: PLAIN, liveness: null });
  for (const measure of MEASURES.filter(({ lines }) => lines.length > 1)) {
    const frame = figure({ ...measure, title: `Validation ${measure.title.toLowerCase()}`, lines: [] });
    element.append(frame);
    chart.mount(frame, own, byLooks(measure));
    const { enlarge, reset } = parts(frame);
    for (const unusable of [enlarge, frame.querySelector('[data-save=CSV]')]) unusable.remove(); // the numbers are those of one run
    frame.classList.remove('small');
    reset.addEventListener('click', () => own.set({ zoom: null }));
    own.on(['zoom'], ({ zoom }) => { reset.hidden = zoom === null; });
  }
  store.on(['log', 'others', 'group', 'view'], ({ log, others, group, view }) => {
    if (!log || !others.length) return own.set({ curves: null });
    const looks = { ...PLAIN, axis: view.axis, logarithmic: view.logarithmic, outliers: view.outliers };
    return own.set({ log, view: looks, curves: curvesOf(log, others, group, view.axis) });
  });
}

/** The shown run as one of the compared ones, with color 0; it comes last: in its group it has the color of the others. */
function curvesOf(log, others, group, axis) {
  const curves = prepare(log, axis, [...others, { log, number: 0, group }]);
  return { ...curves, steps: [], batchX: [], epochX: [], events: [], loss: NO_LINES, accuracy: NO_LINES };
}
