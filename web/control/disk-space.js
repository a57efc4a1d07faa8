/** The free disk space, below the list of runs. */

import { h, setText } from '../core/dom.js';
import { bytes } from '../core/format.js';

export function mount(runs, store) {
  const line = h('p', { class: 'soft hint' });
  runs.append(line);
  store.on(['control'], ({ control }) => {
    line.hidden = !control || control.freeBytes === null;
    if (!line.hidden) setText(line, `${bytes(control.freeBytes)} free for runs. The oldest are deleted to make room for new ones, except pinned ones.`);
  });
}
