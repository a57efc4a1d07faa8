/** The state of the page as the fragment of its address: view, run, epoch, selection, chart options. */

import { addListOptions, listOptionsOf } from './list-options.js';

/** @import {ListOptions} from './list-options.js' */

export const PAGES = ['overview', 'mistakes', 'try', 'compare', 'network', 'settings'];
export const SETS = ['validation', 'test'];
export const AXES = ['epoch', 'step', 'time'];
const KEYS = new Set([
  'view', 'epoch', 'set', 'cell', 'image', 'find', 'sort', 'group', 'columns', 'with', 'x', 'smooth', 'log', 'outliers', 'errors',
  'panel', 'zoom', 'present', 'result', 'baseline',
]);
const NAME = /^[\w.-]{1,80}$/; // of a run or a field
/** The fragment of the live run; a bare # would scroll to the top. */
export const LIVE = '#live';

export const MOST_COMPARED = 10; // runs: as many distinguishable colors as there are beside the shown run's two

/** @typedef {'validation' | 'test'} Split */
/** @typedef {{axis: string, smoothing: number, logarithmic: boolean, outliers: boolean, errors: boolean, panel: string | null}} View `errors`: error rate instead of accuracy; `panel`: the enlarged chart */
/** @typedef {[number, number]} Zoom from and to on the x axis of the charts */
/** @typedef {{cell: string | null, image: string | null}} Selected a cell of the confusion matrix ('53': a 5 predicted as 3), the name of an image (images.js) */
/** @typedef {{result: string, baseline: string}} Comparison the compared field, and a run of the side that others are compared with; '' for the defaults */
/**
 * @typedef {object} Address the state in an address
 * @property {string} page name of the view
 * @property {string | null} shown
 * @property {number | null} epoch
 * @property {Split} set
 * @property {Selected} selected
 * @property {ListOptions} list how the runs are listed
 * @property {string[]} overlay
 * @property {View} view
 * @property {Zoom | null} zoom
 * @property {number | null} present the screen of the presentation, from 1; null: none
 * @property {Comparison} comparison
 */

/** @type {View} */
export const PLAIN = { axis: 'epoch', smoothing: 0.9, logarithmic: false, outliers: false, errors: false, panel: null };
/** @type {Selected} */
export const NOTHING = { cell: null, image: null };
/** @type {Comparison} */
export const BY_DEFAULT = { result: '', baseline: '' };

/**
 * `#run=…&view=mistakes&epoch=4&set=test&cell=53&image=test-17&with=…,…&result=val_loss&baseline=…&x=time&smooth=0.6&log=1&outliers=1&errors=1
 * &panel=loss&zoom=1,2&present=3` and the parts of list-options.js; defaults are left out. An image without a set (image=17) is one of the set shown.
 * @param {Address} state
 */
export function hashOf({ page, shown, epoch, set, selected, list, overlay, view, zoom, comparison, present }) {
  const parameters = new URLSearchParams();
  const add = (key, value) => value !== null && value !== false && value !== '' && parameters.set(key, value);
  add('run', shown);
  add('view', page !== PAGES[0] && page);
  add('epoch', epoch);
  add('set', set !== SETS[0] && set);
  add('cell', selected.cell);
  add('image', selected.image);
  addListOptions(add, list);
  add('with', overlay.join());
  add('result', comparison.result);
  add('baseline', comparison.baseline);
  add('x', view.axis !== PLAIN.axis && view.axis);
  add('smooth', view.smoothing !== PLAIN.smoothing && view.smoothing);
  add('log', view.logarithmic && 1);
  add('outliers', view.outliers && 1);
  add('errors', view.errors && 1);
  add('panel', view.panel);
  add('zoom', zoom && zoom.map((value) => Number(value.toPrecision(7))).join());
  add('present', present);
  const text = parameters.toString().replace(/%(2C|3A|3D)/g, decodeURIComponent); // as readable as it stays unambiguous
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
 * @returns {Address}
 */
export function stateOf(hash, panels) {
  const parameters = new URLSearchParams(hash.slice(1));
  const text = (key) => parameters.get(key) ?? '';
  const oneOf = (choices, key) => choices.find((choice) => choice === text(key));
  const count = (key) => (/^\d{1,7}$/.test(text(key)) ? Number(text(key)) : null);
  const set = /** @type {Split} */ (oneOf(SETS, 'set') ?? SETS[0]);
  const image = /^(?:(validation|test|training)-)?(\d{1,7})$/.exec(text('image'));
  return {
    page: oneOf(PAGES, 'view') ?? PAGES[0],
    shown: runOf(hash),
    epoch: count('epoch'),
    set,
    selected: { cell: /^\d\d$|^doubts$/.test(text('cell')) ? text('cell') : null, image: image && `${image[1] ?? set}-${Number(image[2])}` },
    list: listOptionsOf(parameters),
    overlay: overlayOf(text('with')),
    view: {
      axis: oneOf(AXES, 'x') ?? PLAIN.axis,
      smoothing: smoothingOf(text('smooth')),
      logarithmic: text('log') === '1',
      outliers: text('outliers') === '1',
      errors: text('errors') === '1',
      panel: oneOf(panels, 'panel') ?? null,
    },
    zoom: zoomOf(text('zoom')),
    present: count('present') || null,
    comparison: { result: NAME.test(text('result')) ? text('result') : '', baseline: NAME.test(text('baseline')) ? text('baseline') : '' },
  };
}

function smoothingOf(text) {
  const smoothing = Number(text);
  return text && smoothing >= 0 && smoothing < 1 ? smoothing : PLAIN.smoothing;
}

/** @returns {Zoom | null} */
function zoomOf(text) {
  const zoom = text.split(',').map(Number);
  return zoom.length === 2 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] ? [zoom[0], zoom[1]] : null;
}

/** Run ids by slot: `a,,c` leaves the second one free. */
function overlayOf(text) {
  const slots = text.split(',').slice(0, MOST_COMPARED).map((id) => (NAME.test(id) ? id : ''));
  return slots.slice(0, slots.findLastIndex((id) => id) + 1);
}
