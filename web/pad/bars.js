/** What the network says of the drawing: the verdict in words, and ten probabilities. */

import { h, setText } from '../core/dom.js';
import { likelihood } from '../core/format.js';

/** Fills `element`; the function it gives shows what verdict.js found, null for nothing; once it `isDone`, it is spoken. */
export function createBars(element) {
  const said = h('strong');
  const how = h('p', { class: 'soft' });
  const spoken = h('p', { class: 'unseen', role: 'status' });
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const [bar, figure] = [h('i'), h('span')];
    return { row: h('li', {}, h('b', {}, digit), bar, figure), bar, figure };
  });
  element.append(h('div', { class: 'answer' }, said, how), spoken, h('ol', { class: 'ten', 'aria-label': 'Probabilities' }, ...rows.map(({ row }) => row)));
  return function tell(verdict, isDone) {
    const [word, detail] = wordsOf(verdict);
    setText(said, word);
    setText(how, detail);
    if (isDone) setText(spoken, word && `${word}: ${detail}`);
    element.dataset.status = verdict?.status ?? 'empty';
    const shown = verdict && verdict.status !== 'empty' ? verdict : null;
    rows.forEach(({ row, bar, figure }, digit) => {
      const share = shown?.probabilities[digit] ?? 0;
      row.className = shown?.label === digit ? 'likeliest' : '';
      bar.style.setProperty('--share', share);
      setText(figure, shown ? likelihood(share) : '');
    });
  };
}

function wordsOf(verdict) {
  if (!verdict || verdict.status === 'empty') return ['', 'Draw a digit, and see what the network makes of it.'];
  const { status, label, probabilities, isCalibrated, ranking, reason } = verdict;
  if (status === 'not_a_digit') return ['Not a digit', `${reason}; the nearest is ${label}`];
  const second = probabilities[ranking[1]] >= 0.0005 ? `, then ${ranking[1]} with ${likelihood(probabilities[ranking[1]])}` : '';
  const sure = `${likelihood(probabilities[label])} sure${second}${isCalibrated ? '' : '; uncalibrated'}`;
  return [String(label), status === 'uncertain' ? `not certain at all: ${sure}` : sure];
}
