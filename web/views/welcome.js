/** The section that is shown before the first run. */

import { setText } from '../core/dom.js';

export function mount(element, store) {
  const hint = element.querySelector('[data-part=hint]');
  store.on(['log', 'loaded', 'connection'], ({ log, loaded, connection }) => {
    element.hidden = Boolean(log) || !loaded;
    setText(hint, connection.ok || connection.seenAt !== null
      ? 'This page refreshes every few seconds and shows the run as soon as it starts.'
      : 'No server answers at this address; the page keeps retrying.');
  });
}
