/** The section of the comparison: its modules, style sheet and predictions are loaded once it is in view. */

import { want } from '../core/artifacts.js';
import { addStyle } from '../core/dom.js';
import { whenSeen } from '../core/visibility.js';

export function mount(element, store) {
  store.on(['log'], ({ log }) => { element.hidden = !log; });
  whenSeen(element, async () => {
    want(store, 'predictions');
    store.set({ isComparing: true });
    await addStyle(new URL('comparison.css', import.meta.url));
    (await import('./comparison.js')).mount(element, store);
  });
}
