/** Where the comparison comes as soon as a run is laid over the one shown; it is only read once it is seen. */

import { want } from '../core/artifacts.js';
import { whenSeen } from '../core/visibility.js';

export function mount(element, store) {
  store.on(['others', 'log'], ({ others, log }) => { element.hidden = !log || !others.length; });
  whenSeen(element, async () => {
    want(store, 'predictions');
    store.set({ isComparing: true });
    (await import('./comparison.js')).mount(element, store);
  });
}
