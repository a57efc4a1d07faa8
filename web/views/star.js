/** The star of the digit on the pad in the drawing of the embedding. */

import { h, setText } from '../core/dom.js';
import { networkAt } from '../pad/epoch-network.js';
import { follow as followNetwork } from '../pad/loader.js';
import { placed, reachOf } from './plane.js';
import { featuresOf, positionOf } from './position.js';

/** @import {Store} from '../core/state-types.js' */
/** @import {rowOf} from './plane.js' */

const STAR = 'M0-24 7-8 24-7 11 4 15 21 0 12-15 21-11 4-24-7-7-8Z';

/**
 * Adds the star to `svg` and a sentence to `element`; `find()`: the row of the embedding that is shown (plane.js).
 * @param {HTMLElement} element
 * @param {Store} store
 * @param {{side: number, margin: number}} drawing
 * @param {() => ReturnType<typeof rowOf>} find
 */
export function followStar(element, svg, store, drawing, find) {
  const { side, margin } = drawing;
  const [star, text] = [h('path', { class: 'star', d: STAR, visibility: 'hidden' }), h('p', { class: 'soft', role: 'status' })];
  svg.append(star);
  element.append(text);
  followNetwork(store);
  store.on(['drawn', 'network', 'embedding', 'predictions', 'epoch', 'set', 'page'], async ({ page, drawn, network, embedding }) => {
    if (page !== 'mistakes') return;
    const at = find()?.at;
    const position = drawn ? await projected(drawn, network, at) : null;
    if (drawn !== store.state.drawn || at !== find()?.at) return; // it took too long
    star.setAttribute('visibility', position ? 'visible' : 'hidden');
    const place = position && embedding && placed(position, reachOf(embedding), side, margin);
    if (place) star.setAttribute('transform', `translate(${place.x} ${place.y})`);
    setText(text, sentenceOf(drawn, place));
  });
}

/** The position of a digit by the network after the epoch of a row; null without its weights or projection. */
async function projected({ pixels }, network, at) {
  const then = network && at?.projection ? (await networkAt(network, at.epoch)).network : null;
  const features = then && then.plan.epoch === at.epoch ? featuresOf(then, pixels) : null;
  return features && positionOf(features, at.projection);
}

function sentenceOf(drawn, place) {
  if (!drawn) return 'A digit drawn in Try it appears here as a star.';
  if (!place) return 'The digit drawn in Try it has no place here: the run lacks the projection or the weights of this epoch.';
  return place.isOutside ? 'The star is the digit drawn in Try it; it lies outside of the drawing.' : 'The star is the digit drawn in Try it.';
}
