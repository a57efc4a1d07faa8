/** The options of all charts: x axis, smoothing, log scale, outliers. */

import { parts } from '../core/dom.js';
import { percent } from '../core/format.js';
import { AXES } from '../core/url-state.js';

export function mount(element, store) {
  const { axis, smoothing, log: logarithmic, outliers, errors } = parts(element);
  const change = (changes) => store.set({ view: { ...store.state.view, ...changes } });

  axis.addEventListener('change', () => {
    store.set({ zoom: null, cursor: null }); // positions on the old axis
    change({ axis: AXES.find((name) => name === axis.value) });
  });
  smoothing.addEventListener('input', () => change({ smoothing: Number(smoothing.value) }));
  logarithmic.addEventListener('change', () => change({ logarithmic: logarithmic.checked }));
  outliers.addEventListener('change', () => change({ outliers: !outliers.checked }));
  errors.addEventListener('change', () => change({ errors: errors.checked }));

  store.on(['view'], ({ view }) => {
    axis.value = view.axis;
    smoothing.value = view.smoothing;
    smoothing.ariaValueText = view.smoothing ? percent(view.smoothing, 0) : 'none';
    logarithmic.checked = view.logarithmic;
    outliers.checked = !view.outliers;
    errors.checked = view.errors;
  });
}
