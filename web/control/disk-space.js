/** How much room is left for runs, beneath their list. */

import { h, setText } from '../core/dom.js';
import { bytes } from './state.js';

export function mount(runs, store) {
  const line = h('p', { class: 'soft hint' });
  runs.append(line);
  store.on(['control'], ({ control }) => {
    line.hidden = !control || control.freeBytes === null;
    if (!line.hidden) setText(line, `${bytes(control.freeBytes)} are free for runs. The oldest make room for new ones, except those marked to be kept.`);
  });
}
