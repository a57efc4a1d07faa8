/** The section of the pad, whose modules are loaded once it is in view. */

import { h } from '../core/dom.js';
import { isAlive } from '../core/status.js';
import { whenSeen } from '../core/visibility.js';

export function mount(element, store) {
  const placeholder = h('p', { class: 'soft' }, 'Draw a digit here once the first epoch is completed.');
  element.append(placeholder);
  let isWatched = false;
  store.on(['log', 'liveness'], ({ log, liveness }) => {
    const here = log?.files.includes('network.json') ?? false;
    element.hidden = !here && (isWatched || !isComing(log, liveness));
    if (!here || isWatched) return;
    isWatched = true;
    placeholder.remove();
    whenSeen(element, async () => (await import('../pad/pad.js')).mount(element, store));
  });
}

/** This project's trainer writes its images long before its network. */
const isComing = (log, liveness) => isAlive(liveness) && log.files.includes('test.png');
