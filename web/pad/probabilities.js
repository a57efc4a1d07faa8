/** The prediction for the drawing: the digit or number in words, and for one digit ten probabilities as bars. */

import { h, setText } from '../core/dom.js';
import { likelihood } from '../core/format.js';
import { wordsOfNumber } from './number.js';
import { createTen } from './ten.js';
import { explanation } from './verdict.js';

/** @import {Reading} from './reading.js' */
/** @import {Verdict} from './verdict.js' */

const HINT = 'Draw a digit or a number to see the prediction.';

/**
 * Fills `element`, and `glance`, a line below the sheet, on phones. Returns a function that shows a reading, null: none.
 * Screen readers hear it once `isDone`.
 * @returns {(reading: Reading | null, isDone: boolean) => void}
 */
export function createProbabilities(element, glance = h('p')) {
  const [answer, digit, confidence] = [h('strong'), h('strong'), h('span')];
  glance.append(digit, confidence);
  const note = h('p', { class: 'soft' });
  const spoken = h('p', { class: 'unseen', role: 'status' });
  const ten = createTen();
  element.append(h('div', { class: 'answer' }, answer, note), spoken, ten.element);
  return function show(reading, isDone) {
    const isNumber = reading !== null && reading.digits.length > 1;
    const verdict = reading && !isNumber ? reading.digits[0].verdict : null;
    const [word, detail] = isNumber ? wordsOfNumber(reading) : wordsOf(verdict);
    setText(answer, word);
    setText(note, detail);
    setText(digit, word);
    setText(confidence, detail);
    if (isDone) setText(spoken, word && `${word}: ${detail}`);
    element.dataset.status = reading?.status ?? 'empty';
    ten.element.hidden = isNumber;
    const shown = verdict && verdict.status !== 'empty' ? verdict : null;
    ten.show(shown?.probabilities ?? null, shown?.label);
  };
}

/** @param {Verdict | null} verdict */
function wordsOf(verdict) {
  if (!verdict) return ['', HINT];
  if (verdict.status === 'empty') return ['No strokes', 'No strokes were found above the background.'];
  const { status, label, probabilities, isCalibrated, ranking } = verdict;
  if (status === 'not_a_digit') return explanation(verdict);
  const second = probabilities[ranking[1]] >= 0.0005 ? `, then ${ranking[1]} with ${likelihood(probabilities[ranking[1]])}` : '';
  const confidence = `${likelihood(probabilities[label])} confidence${second}${isCalibrated ? '' : '; uncalibrated'}`;
  return [String(label), status === 'uncertain' ? `uncertain: ${confidence}` : confidence];
}
