/** How all charts are looked at: x axis, smoothing, logarithm, outliers; and an address that says so. */

import { setText } from './dom.js';
import { AXES, hashOf } from './view.js';

export function mount(element, store) {
  const part = (name) => element.querySelector(`[data-part=${name}]`);
  const [axis, smoothing, logarithmic, outliers, link] = ['axis', 'smoothing', 'log', 'outliers', 'link'].map(part);
  const change = (changes) => store.set({ view: { ...store.state.view, ...changes } });

  axis.addEventListener('change', () => {
    store.set({ zoom: null, cursor: null }); // which were places on the other axis
    change({ axis: AXES.find((name) => name === axis.value) });
  });
  smoothing.addEventListener('input', () => change({ smoothing: Number(smoothing.value) }));
  logarithmic.addEventListener('change', () => change({ logarithmic: logarithmic.checked }));
  outliers.addEventListener('change', () => change({ outliers: !outliers.checked }));
  link.addEventListener('click', async () => {
    const url = new URL(hashOf(store.state), location.href).href;
    try {
      await navigator.clipboard.writeText(url);
      setText(link, 'Copied');
    } catch {
      location.hash = new URL(url).hash; // without leave to copy: it stands in the address bar
    }
    setTimeout(() => setText(link, 'Copy link'), 2000);
  });

  store.on(['view'], ({ view }) => {
    axis.value = view.axis;
    smoothing.value = view.smoothing;
    smoothing.setAttribute('aria-valuetext', view.smoothing ? `${Math.round(view.smoothing * 100)} percent` : 'none');
    logarithmic.checked = view.logarithmic;
    outliers.checked = !view.outliers;
  });
}
