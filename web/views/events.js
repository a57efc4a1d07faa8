/** What happened, in sentences, the latest first; each leads to its place on the charts. */

import { BAD_EVENTS } from '../core/contract.js';
import { h } from '../core/dom.js';
import { clock, whole } from '../core/format.js';

export function mount(element, store) {
  const list = element.querySelector('ol');
  let drawn = '';
  store.on(['curves'], ({ curves }) => {
    const events = curves?.events ?? [];
    element.hidden = !events.length;
    const news = JSON.stringify(events);
    if (news === drawn) return; // else the reader's place in the list would be lost
    drawn = news;
    list.replaceChildren(...events.toReversed().map((event) => item(event, store)));
  });
}

function item({ step, time, kind, text, x }, store) {
  const name = step === null ? null : `step ${whole(step)}`;
  const place = name && h('button', { class: 'place', onclick: () => show(store, x) }, name);
  return h(
    'li',
    { class: BAD_EVENTS.has(kind) ? 'bad' : null },
    h('span', { class: 'when', 'data-print': name }, time === null ? '' : `${clock(time)} `, place),
    h('span', { class: 'kind' }, kind),
    h('p', {}, text),
  );
}

/** Point to it on the charts, and bring it into view. */
function show(store, x) {
  const { zoom } = store.state;
  store.set({ cursor: x, zoom: zoom && (x < zoom[0] || x > zoom[1]) ? null : zoom });
}
