/** The position of any image in the embedding: its features by the page's network, then the projection of the run. */

/** @import {Projection} from '../core/artifact-types.js' */
/** @import {Network} from '../pad/loader.js' */

/**
 * The features of an image: the input of the last linear layer; null where there is none, or nothing before it.
 * @param {Pick<Network, 'plan' | 'forward'>} network
 * @param {ArrayLike<number>} pixels
 * @returns {Float32Array | null}
 */
export function featuresOf({ plan, forward }, pixels) {
  const last = plan.layers.findLastIndex(({ type }) => type === 'linear');
  return last < 1 ? null : forward(pixels).maps[last - 1].values;
}

/**
 * The position of an image with these features; null if they are not those of the projection.
 * @param {ArrayLike<number>} features
 * @param {Projection} projection
 * @returns {[number, number] | null}
 */
export function positionOf(features, { x, y, offset }) {
  if (features.length !== x.length) return null;
  const along = (weights, start) => weights.reduce((sum, weight, at) => sum + weight * features[at], start);
  return [along(x, offset[0]), along(y, offset[1])];
}
