/** The prediction for the drawing: the verdict in words, and ten probabilities as bars. */

import { h, setText } from '../core/dom.js';
import { likelihood } from '../core/format.js';
import { explanation } from './verdict.js';

/** @import {Verdict} from './verdict.js' */

const HINT = 'Draw a digit to see the prediction.';

/**
 * Fills `element`; returns a function that shows a verdict, null: none. Screen readers hear it once `isDone`.
 * @returns {(verdict: Verdict | null, isDone: boolean) => void}
 */
export function createProbabilities(element) {
  const answer = h('strong');
  const note = h('p', { class: 'soft' });
  const spoken = h('p', { class: 'unseen', role: 'status' });
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const [bar, figure] = [h('i'), h('span')];
    return { row: h('li', {}, h('b', {}, digit), bar, figure), bar, figure };
  });
  element.append(
    h('div', { class: 'answer' }, answer, note), spoken,
    h('ol', { class: 'ten', 'aria-label': 'Probabilities' }, ...rows.map(({ row }) => row)),
  );
  return function show(verdict, isDone) {
    const [word, detail] = wordsOf(verdict);
    setText(answer, word);
    setText(note, detail);
    if (isDone) setText(spoken, word && `${word}: ${detail}`);
    element.dataset.status = verdict?.status ?? 'empty';
    const shown = verdict && verdict.status !== 'empty' ? verdict : null;
    rows.forEach(({ row, bar, figure }, digit) => {
      const probability = shown?.probabilities[digit] ?? 0;
      row.className = shown?.label === digit ? 'likeliest' : '';
      bar.style.setProperty('--share', probability);
      setText(figure, shown ? likelihood(probability) : '');
    });
  };
}

function wordsOf(verdict) {
  if (!verdict || verdict.status === 'empty') return ['', HINT];
  const { status, label, probabilities, isCalibrated, ranking } = verdict;
  if (status === 'not_a_digit') return explanation(verdict);
  const second = probabilities[ranking[1]] >= 0.0005 ? `, then ${ranking[1]} with ${likelihood(probabilities[ranking[1]])}` : '';
  const confidence = `${likelihood(probabilities[label])} confidence${second}${isCalibrated ? '' : '; uncalibrated'}`;
  return [String(label), status === 'uncertain' ? `uncertain: ${confidence}` : confidence];
}
