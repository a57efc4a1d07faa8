/** Events and insights, the latest first; each links to its step on the charts. */

import { BAD_EVENTS } from '../core/contract.js';
import { h, parts } from '../core/dom.js';
import { clock, whole } from '../core/format.js';

export function mount(element, store) {
  const list = element.querySelector('ol');
  const { none } = parts(element);
  let drawn = '';
  store.on(['curves'], ({ curves }) => {
    const events = curves?.events ?? [];
    list.hidden = !events.length;
    none.hidden = events.length > 0;
    const content = JSON.stringify(events);
    if (content === drawn) return; // keeps the scroll position
    drawn = content;
    list.replaceChildren(...events.toReversed().map((event) => item(event, store)));
  });
}

function item({ step, time, kind, text, x }, store) {
  const name = step === null ? null : `step ${whole(step)}`;
  const place = name && h('button', { class: 'place', onclick: () => show(store, x) }, name);
  return h(
    'li',
    { class: BAD_EVENTS.has(kind) && 'bad' },
    h('span', { class: 'when' }, time === null ? '' : `${clock(time)} `, place),
    h('span', { class: 'kind' }, kind),
    h('p', {}, text),
  );
}

/** Moves the cursor of the charts there, and into view. */
function show(store, x) {
  const { zoom } = store.state;
  store.set({ cursor: x, zoom: zoom && (x < zoom[0] || x > zoom[1]) ? null : zoom });
}
