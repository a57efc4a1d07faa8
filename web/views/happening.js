/** What is happening in the run shown, in sentences. */

import { h } from '../core/dom.js';
import { explanationsOf } from '../core/explanations.js';

export function mount(element, store) {
  const list = element.querySelector('[data-part=sentences]');
  let drawn = '';
  store.on(['log', 'liveness'], ({ log, liveness }) => {
    const sentences = log ? explanationsOf(log, liveness) : [];
    const content = sentences.join('\n');
    if (content === drawn) return; // keeps a selection and the scroll position
    drawn = content;
    list.replaceChildren(...sentences.map((sentence) => h('p', {}, sentence)));
  });
}
