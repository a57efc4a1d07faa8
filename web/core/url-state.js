/** The state of the charts as part of an address: which run, x axis, zoom, smoothing. */

export const AXES = ['epoch', 'step', 'time'];
const KEYS = new Set(['with', 'x', 'smooth', 'log', 'outliers', 'panel', 'zoom']);
/** The fragment of the live run; a bare # would scroll to the top. */
export const LIVE = '#live';

export const MOST_COMPARED = 4; // runs: as many colors as can be told apart beside the shown run's two

/** @typedef {{axis: string, smoothing: number, logarithmic: boolean, outliers: boolean, panel: string | null}} View `panel`: the enlarged chart */
/** @typedef {[number, number]} Zoom from and to on the x axis of the charts */

/** @type {View} */
export const PLAIN = { axis: 'epoch', smoothing: 0, logarithmic: false, outliers: false, panel: null };

/** `#run=…&with=…,…&x=time&smooth=0.6&log=1&outliers=1&panel=loss&zoom=1,2`; defaults are left out. */
export function hashOf({ shown, overlay, view, zoom }) {
  const parameters = new URLSearchParams();
  const add = (key, value) => value && parameters.set(key, value);
  add('run', shown);
  add('with', overlay.join());
  add('x', view.axis !== PLAIN.axis && view.axis);
  add('smooth', view.smoothing);
  add('log', view.logarithmic && 1);
  add('outliers', view.outliers && 1);
  add('panel', view.panel);
  add('zoom', zoom?.map((value) => Number(value.toPrecision(7))).join());
  const text = decodeURIComponent(parameters.toString());
  return text ? `#${text}` : LIVE;
}

/** The id of the earlier run in #run=<id>; null: the live run. */
export const runOf = (hash) => new URLSearchParams(hash.slice(1)).get('run') || null;

/** Whether an address sets more than the run: a link in the list of runs keeps the view. */
export const hasView = (hash) => [...new URLSearchParams(hash.slice(1)).keys()].some((key) => KEYS.has(key));

/**
 * The inverse of `hashOf`; invalid parts become defaults.
 * @param {string} hash
 * @param {string[]} panels the charts that may be enlarged
 * @returns {{overlay: string[], view: View, zoom: Zoom | null}}
 */
export function viewOf(hash, panels) {
  const parameters = new URLSearchParams(hash.slice(1));
  const smoothing = Number(parameters.get('smooth'));
  const zoom = (parameters.get('zoom') ?? '').split(',').map(Number);
  return {
    overlay: (parameters.get('with') ?? '').split(',').filter((id) => /^[\w.-]{1,80}$/.test(id)).slice(0, MOST_COMPARED),
    view: {
      axis: AXES.find((axis) => axis === parameters.get('x')) ?? PLAIN.axis,
      smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0,
      logarithmic: parameters.get('log') === '1',
      outliers: parameters.get('outliers') === '1',
      panel: panels.find((panel) => panel === parameters.get('panel')) ?? null,
    },
    zoom: zoom.length === 2 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] ? [zoom[0], zoom[1]] : null,
  };
}
