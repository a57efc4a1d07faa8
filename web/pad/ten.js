/** Ten probabilities as bars. */

import { h, setText } from '../core/dom.js';
import { likelihood } from '../core/format.js';

/** A list of ten bars: `show(probabilities, prediction, label)` marks the predicted digit and the label; null: no probabilities. */
export function createTen() {
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const [bar, figure] = [h('i'), h('span')];
    return { row: h('li', {}, h('b', {}, digit), bar, figure), bar, figure };
  });
  const element = h('ol', { class: 'ten', 'aria-label': 'Probabilities' }, ...rows.map(({ row }) => row));
  return {
    element,
    /**
     * @param {number[] | null} probabilities
     * @param {number | null} [prediction]
     * @param {number | null} [label]
     */
    show(probabilities, prediction, label) {
      rows.forEach(({ row, bar, figure }, digit) => {
        row.className = [digit === prediction && 'likeliest', digit === label && 'label'].filter(Boolean).join(' ');
        bar.style.setProperty('--share', probabilities?.[digit] ?? 0);
        setText(figure, probabilities ? likelihood(probabilities[digit]) : '');
      });
    },
  };
}
