/** The table of a confusion matrix, with recall and precision at its edges. */

import { h } from '../core/dom.js';
import { counted, percent, whole } from '../core/format.js';
import { DIGITS, confusion, rates } from './confusion.js';
import { sparkline } from './sparkline.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @import {Cell} from './confusion.js' */
/** @import {ErrorHistory} from './error-history.js' */

/** @typedef {{text: string, create: () => HTMLElement}} Part a <td>, and what makes it differ from another in its place */

/**
 * The children of the <table>; a click on a count calls `choose({label, prediction})`; null: the counts are text.
 * @param {AnswerSet} set
 * @param {ErrorHistory} history whose largest count ends the color scale, in every epoch
 * @param {((cell: Cell) => void) | null} choose
 */
export const matrixOf = (set, history, choose) => childrenOf(partsOf(set, history, choose).map(({ create }) => create()), choose !== null);

/**
 * `show(set, history)` updates a <table>: of another epoch only the counts that differ are replaced, which keeps the frames
 * of a replay and the focus.
 * @param {HTMLTableElement} table
 * @param {(cell: Cell) => void} choose
 */
export function createMatrix(table, choose) {
  /** @type {{history: ErrorHistory | null, parts: Part[], elements: HTMLElement[]}} */
  let shown = { history: null, parts: [], elements: [] };
  return (set, history) => {
    const parts = partsOf(set, history, choose);
    const isOther = history !== shown.history;
    const elements = parts.map((part, place) => {
      if (isOther) return part.create();
      const before = shown.elements[place];
      return part.text === shown.parts[place].text ? before : replaced(before, part.create());
    });
    if (isOther) table.replaceChildren(...childrenOf(elements, true));
    shown = { history, parts, elements };
  };
}

function replaced(before, after) {
  const hasFocus = before.matches(':focus-within');
  before.replaceWith(after);
  if (hasFocus) after.querySelector('button')?.focus({ preventScroll: true });
  return after;
}

/** The ten counts and the recall of each digit, row by row, then the ten precisions. */
function partsOf(set, history, choose) {
  const counts = confusion(set);
  const metrics = rates(counts);
  const digits = [...counts.keys()];
  const share = (label, prediction) => (label === prediction
    ? (metrics[label].recall ?? 0) ** 8
    : Math.sqrt(counts[label][prediction] / history.most));
  const count = (label, prediction) => {
    const [images, part] = [counts[label][prediction], share(label, prediction)];
    return { text: `${images} ${part}`, create: () => cellOf(images, { label, prediction }, part, history.cells[label][prediction], choose) };
  };
  const rate = (value, kind, ...others) => ({ text: percent(value, 1), create: () => h('td', { class: kind }, percent(value, 1), ...others) });
  return [
    ...digits.flatMap((label) => [
      ...digits.map((prediction) => count(label, prediction)), rate(metrics[label].recall, 'edge recall', trend(history.digits[label])),
    ]),
    ...digits.map((digit) => rate(metrics[digit].precision, 'edge')),
  ];
}

/** @param {HTMLElement[]} cells of the parts */
function childrenOf(cells, isChosen) {
  const digits = [...Array(DIGITS).keys()];
  const recall = h('th', { scope: 'col', class: 'edge', title: 'Fraction of the images of this digit that are classified correctly' }, 'recall');
  const precision = h('th', { scope: 'row', class: 'edge', title: 'Fraction of the images predicted as this digit that are this digit' }, 'precision');
  const width = DIGITS + 1;
  return [
    h('caption', {}, `Rows: true digits. Columns: predictions.${isChosen ? ' Choose a number to see its images.' : ''}`),
    h('thead', {}, h('tr', {}, h('td', { class: 'edge' }), ...digits.map((digit) => h('th', { scope: 'col' }, digit)), recall)),
    h('tbody', {}, ...digits.map((label) => h('tr', {}, h('th', { scope: 'row' }, label), ...cells.slice(label * width, (label + 1) * width)))),
    h('tfoot', {}, h('tr', {}, precision, ...cells.slice(DIGITS * width), h('td', { class: 'edge' }))),
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
