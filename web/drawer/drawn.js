/** The occlusion map of the digit on the pad: which of its pixels carry the prediction. */

import { addStyle, h } from '../core/dom.js';
import { networkAt } from '../pad/epoch-network.js';
import { Evidence } from './evidence.js';

/** @import {Store} from '../core/state-types.js' */

/**
 * Computed while it is open, once the pen rests.
 * @param {HTMLElement} element of the pad, above whose feature maps it stands
 * @param {Store} store
 */
export async function mount(element, store) {
  await addStyle(new URL('drawer.css', import.meta.url));
  const evidence = new Evidence();
  const details = h('details', { class: 'why', hidden: true }, h('summary', {}, 'Why this prediction?'), evidence.element);
  element.querySelector('.layers')?.closest('details')?.before(details);
  let shown = store.state.drawn;
  let number = 0; // of the drawing: another one is another image

  async function show() {
    const { drawn, network: latest, epoch } = store.state;
    details.hidden = !drawn?.parts || !latest;
    if (!drawn || details.hidden || !latest || !details.open) {
      evidence.stop();
      return;
    }
    const { network } = await networkAt(latest, epoch);
    if (drawn !== store.state.drawn || latest !== store.state.network || epoch !== store.state.epoch) return; // it took too long
    if (drawn !== shown) number += 1;
    shown = drawn;
    evidence.show({ name: `drawing ${number}`, pixels: drawn.pixels, isMissing: false, network });
  }

  store.on(['drawn', 'network', 'epoch'], show);
  details.addEventListener('toggle', show);
}
