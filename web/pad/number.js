/** The number formed by the digits of a picture: its text, its status, and both in words. */

import { likelihood } from '../core/format.js';

/** @import {Verdict} from './verdict.js' */

const STATUSES = ['ok', 'uncertain', 'not_a_digit', 'empty']; // from the best to the worst

/**
 * @template {{verdict: Verdict | null}} T
 * @typedef {{lines: T[][], digits: T[], text: string, status: Verdict['status'], reason: string | null}} NumberOf
 */

/**
 * A number from lines of digits, each with its verdict.
 * @template {{verdict: Verdict | null}} T
 * @param {T[][]} lines
 * @returns {NumberOf<T>}
 */
export function readingOf(lines) {
  const digits = lines.flat();
  const verdicts = digits.map(({ verdict }) => /** @type {Verdict} */ (verdict));
  const { status } = verdicts.reduce((worst, one) => (STATUSES.indexOf(one.status) > STATUSES.indexOf(worst.status) ? one : worst));
  const text = status === 'empty' ? '' : lines.map((line) => line.map(({ verdict }) => verdict?.label).join('')).join('\n');
  return { lines, digits, text, status, reason: reasonOf(verdicts) };
}

/** Why the status is not ok, such as "digit 3 of 4: unlike any digit"; null if it is. */
function reasonOf(verdicts) {
  if (verdicts.length === 1) return verdicts[0].reason;
  const reasons = verdicts.map(({ status, reason }, at) => (status === 'ok' ? '' : `digit ${at + 1} of ${verdicts.length}: ${reason ?? status}`));
  return reasons.filter(Boolean).join('; ') || null;
}

/** In two parts: ["42", "4 with 99.9 %, 2 with 98.1 %"] or ["Not a number", "digit 2 of 2: unlike any digit; nearest: 42"]. */
export function wordsOfNumber({ digits, text, status, reason }) {
  if (status === 'not_a_digit') return ['Not a number', `${reason}; nearest: ${text}`];
  const each = digits.map(({ verdict: { label, probabilities } }) => `${label} with ${likelihood(probabilities[label])}`);
  const uncalibrated = digits[0].verdict.isCalibrated ? '' : '; uncalibrated';
  return [text, `${reason ? `${reason}; ` : ''}${each.join(', ')}${uncalibrated}`];
}
