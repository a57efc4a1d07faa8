/** The table of a confusion matrix, with recall and precision at its edges. */

import { h } from '../core/dom.js';
import { counted, percent, whole } from '../core/format.js';
import { confusion, rates } from './confusion.js';
import { sparkline } from './sparkline.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @import {Cell} from './confusion.js' */
/** @import {ErrorHistory} from './error-history.js' */

/**
 * The children of the <table>; a click on a count calls `choose({label, prediction})`; null: the counts are text.
 * @param {AnswerSet} set
 * @param {ErrorHistory} history whose largest count ends the color scale, in every epoch
 * @param {((cell: Cell) => void) | null} choose
 */
export function matrixOf(set, history, choose) {
  const counts = confusion(set);
  const metrics = rates(counts);
  const digits = [...counts.keys()];
  const share = (label, prediction) => (label === prediction
    ? (metrics[label].recall ?? 0) ** 8
    : Math.sqrt(counts[label][prediction] / history.most));
  const cells = (label) => digits.map((prediction) => cellOf(counts[label][prediction], { label, prediction }, share(label, prediction), history.cells[label][prediction], choose));
  const rate = (value) => h('td', { class: 'edge' }, percent(value, 1));
  const recallOf = (digit) => h('td', { class: 'edge recall' }, percent(metrics[digit].recall, 1), trend(history.digits[digit]));
  const recall = h('th', { scope: 'col', class: 'edge', title: 'Fraction of the images of this digit that are classified correctly' }, 'recall');
  const precision = h('th', { scope: 'row', class: 'edge', title: 'Fraction of the images predicted as this digit that are this digit' }, 'precision');
  return [
    h('caption', {}, `Rows: true digits. Columns: predictions.${choose ? ' Choose a number to see its images.' : ''}`),
    h('thead', {}, h('tr', {}, h('td', { class: 'edge' }), ...digits.map((digit) => h('th', { scope: 'col' }, digit)), recall)),
    h('tbody', {}, ...digits.map((label) => h('tr', {}, h('th', { scope: 'row' }, label), ...cells(label), recallOf(label)))),
    h('tfoot', {}, h('tr', {}, precision, ...digits.map((digit) => rate(metrics[digit].precision)), h('td', { class: 'edge' }))),
  ];
}

/** The name of a cell in its data-cell attribute. */
export const cellName = ({ label, prediction }) => `${label}${prediction}`;

/** @type {WeakMap<number[], Element>} */
const trends = new WeakMap(); // they stay while the epochs are scrubbed

/** The error over the epochs, where there are several. */
function trend(values) {
  if (values.length < 2 || Math.max(...values) <= 0) return false;
  if (!trends.has(values)) trends.set(values, sparkline(values));
  return trends.get(values);
}

function cellOf(images, cell, share, history, choose) {
  const { label, prediction } = cell;
  const isDiagonal = label === prediction;
  const name = isDiagonal ? `${label} classified correctly` : `${label} predicted as ${prediction}`;
  const count = choose ? h('button', {
    'aria-label': `${name}: ${counted(images, 'image')}`, 'data-cell': cellName(cell), onclick: () => choose(cell),
  }, whole(images)) : h('span', { class: 'count' }, whole(images));
  const td = h('td', { class: isDiagonal && 'diagonal' }, images ? count : '·', choose && !isDiagonal && trend(history));
  td.style.setProperty('--share', share);
  return td;
}
