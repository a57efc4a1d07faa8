/** The section of the comparison: shown once a run is overlaid; its module is loaded once it is in view. */

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
