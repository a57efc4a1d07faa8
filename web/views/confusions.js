/** The ranked list of confusions: "5 read as 3: 4". */

import { h } from '../core/dom.js';
import { whole } from '../core/format.js';
import { confusion } from './confusion.js';
import { cellName } from './matrix.js';
import { sinceOf } from './error-history.js';
import { sparkline } from './sparkline.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @import {Cell} from './confusion.js' */
/** @import {ErrorHistory} from './error-history.js' */

const LISTED = 10;

/**
 * The cells off the diagonal, the most frequent first.
 * @param {number[][]} counts
 * @returns {(Cell & {images: number})[]}
 */
export function ranked(counts) {
  const all = counts.flatMap((row, label) => row.map((images, prediction) => ({ label, prediction, images })));
  return all.filter(({ label, prediction, images }) => images > 0 && label !== prediction).sort((a, b) => b.images - a.images);
}

/**
 * The <li> of the most frequent confusions; a click calls `choose`.
 * @param {AnswerSet} set
 * @param {ErrorHistory} history
 * @param {(cell: Cell) => void} choose
 */
export function confusionsOf(set, history, choose) {
  const cells = ranked(confusion(set)).slice(0, LISTED);
  if (!cells.length) return [h('li', { class: 'soft' }, 'No mistake.')];
  return cells.map((cell) => {
    const since = sinceOf(history, cell, set.epoch);
    return h('li', {}, h(
      'button', { 'data-confusion': cellName(cell), onclick: () => choose(cell) },
      h('span', {}, `${cell.label} read as ${cell.prediction}: `, h('b', {}, whole(cell.images))),
      sparkline(history.cells[cell.label][cell.prediction]),
      since !== null && h('small', { class: 'soft' }, `since epoch ${whole(since)}`),
    ));
  });
}
