/** What a trainer printed last that is gone without having ended well. */

import { h, icon } from '../dom.js';
import { lastWordsOf } from './state.js';

export function mount(notices, store) {
  const place = h('div', { class: 'last-words', hidden: true });
  let shown = '';
  notices.after(place);
  store.on(['control', 'liveness', 'shown'], (state) => {
    const found = lastWordsOf(state);
    const news = JSON.stringify(found);
    if (news === shown) return; // it may be read or selected
    shown = news;
    place.hidden = !found;
    if (found) place.replaceChildren(notice(found));
  });
}

const notice = ({ title, lines }) => h(
  'div', { class: 'notice bad', role: 'note' }, icon('crashed'),
  h('div', {},
    h('strong', {}, title),
    lines.length ? h('pre', { tabindex: '0', 'aria-label': 'The last lines it printed' }, lines.join('\n')) : ' It printed nothing.'),
);
