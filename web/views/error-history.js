/** The history of the error over the epochs: of each cell of the confusion matrix, and of each digit. */

import { confusion, rates, worst } from './confusion.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @typedef {{cells: number[][][], digits: (number | null)[][], most: number, epochs: (number | null)[]}} ErrorHistory */

/**
 * `cells[label][prediction]` are counts, `digits[label]` error rates, one for each set; `most` is the largest count off the
 * diagonal of any set: the color scale's end; `epochs` are those of the sets.
 * @param {AnswerSet[]} sets
 * @returns {ErrorHistory}
 */
export function historyOf(sets) {
  const all = sets.map(confusion);
  const ofDigits = all.map(rates);
  const digits = Array.from({ length: 10 }, (_, digit) => digit);
  return {
    cells: digits.map((label) => digits.map((prediction) => all.map((counts) => counts[label][prediction]))),
    digits: digits.map((digit) => ofDigits.map((one) => (one[digit].recall === null ? null : 1 - one[digit].recall))),
    most: Math.max(1, ...all.map(worst)),
    epochs: sets.map(({ epoch }) => epoch),
  };
}

/**
 * The epoch since which a count has been above zero, up to `epoch`; null where one epoch only is known.
 * @param {ErrorHistory} history
 * @param {import('./confusion.js').Cell} cell
 * @param {number | null} epoch
 */
export function sinceOf({ cells, epochs }, { label, prediction }, epoch) {
  const last = epochs.indexOf(epoch);
  if (epochs.length < 2 || last < 0) return null;
  const before = cells[label][prediction].findLastIndex((images, place) => place <= last && !images);
  return epochs[before + 1];
}
