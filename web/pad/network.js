/** A trained network in the page: from pixels to ten logits and the output of every layer. */

import { LAYERS } from './arithmetic.js';

const WHITE = 255;
const SIDE = 28;

/** @typedef {{name: string, type: string, shape: number[], values: Float32Array}} FeatureMaps `shape`: (C, H, W) */
/** @typedef {{logits: Float32Array, maps: FeatureMaps[]}} Output */

/**
 * The forward pass of a plan with its weights (plan.js); `pixels` (784) are 0 for background to 255 for ink.
 * @returns {(pixels: ArrayLike<number>) => Output}
 */
export function createNetwork(plan, numbers) {
  return function forward(pixels) {
    let values = Float32Array.from(pixels, (pixel) => (pixel / WHITE - plan.mean) / plan.std);
    let shape = [1, SIDE, SIDE];
    const maps = plan.layers.map((layer) => {
      values = LAYERS[layer.type](layer, numbers, values, shape);
      shape = layer.shape;
      return { name: layer.name, type: layer.type, shape, values };
    });
    return { logits: values, maps };
  };
}
