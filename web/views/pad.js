/** Where the pad comes: its program is only read when somebody is about to see it. */

import { h } from '../core/dom.js';
import { whenSeen } from '../core/visibility.js';

export function mount(element, store) {
  const soon = h('p', { class: 'soft' }, 'Draw a digit here as soon as the first epoch is over.');
  element.append(soon);
  let watched = false;
  store.on(['log'], ({ log }) => {
    const here = log?.files.includes('network.json') ?? false;
    element.hidden = !here && (watched || !isComing(log));
    if (!here || watched) return;
    watched = true;
    soon.remove();
    whenSeen(element, async () => (await import('../pad/pad.js')).mount(element, store));
  });
}

/** A run of our own trainer has its pictures long before its network. */
const isComing = (log) => log?.status === 'running' && log.files.includes('test.png');
