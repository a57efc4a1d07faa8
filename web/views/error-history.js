/** The history of the error over the epochs: of each cell of the confusion matrix, and of each digit. */

import { confusion, rates, worst } from './confusion.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @typedef {{cells: number[][][], digits: (number | null)[][], most: number}} ErrorHistory */

/**
 * `cells[label][prediction]` are counts, `digits[label]` error rates, one for each set; `most` is the largest count off the
 * diagonal of any set: the color scale's end.
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
  };
}
