/** What happened, in sentences, the latest first. */

import { BAD_EVENTS } from './contract.js';
import { h } from './dom.js';
import { clock, whole } from './format.js';

export function mount(element, store) {
  const list = element.querySelector('ol');
  let drawn = '';
  store.on(['log'], ({ log }) => {
    const events = log?.events ?? [];
    element.hidden = !events.length;
    const news = JSON.stringify(events);
    if (news === drawn) return; // else the reader's place in the list would be lost
    drawn = news;
    list.replaceChildren(...events.toReversed().map(({ step, time, kind, text }) => h(
      'li',
      { class: BAD_EVENTS.has(kind) ? 'bad' : null },
      h('span', { class: 'when' }, clock(time), step === null ? '' : ` · step ${whole(step)}`),
      h('span', { class: 'kind' }, kind),
      h('p', {}, text),
    )));
  });
}
