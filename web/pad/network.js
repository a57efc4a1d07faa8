/** A trained network in the page: from pixels to ten logits and the output of every layer. */

import { LAYERS } from './arithmetic.js';

const WHITE = 255;
const SIDE = 28;
/** @type {[number, number][]} rows and columns: those of digits/models/network.py, whose views a prediction averages */
const SHIFTS = [[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1], [-1, -1], [-1, 1], [1, -1], [1, 1]];
export const MAX_VIEWS = SHIFTS.length;

/** @typedef {{name: string, type: string, shape: number[], values: Float32Array}} FeatureMaps `shape`: (C, H, W) */
/** @typedef {{logits: Float32Array, maps: FeatureMaps[]}} Output */

/**
 * The forward pass of a plan with its weights (plan.js); `pixels` (784) are 0 for background to 255 for ink. The logits
 * are the mean over the plan's views, the maps are those of the image itself.
 * @returns {(pixels: ArrayLike<number>) => Output}
 */
export function createNetwork(plan, numbers) {
  return function forward(pixels) {
    const [image, ...copies] = SHIFTS.slice(0, plan.views).map((by) => pass(shifted(pixels, by)));
    const logits = image.logits.map((logit, at) => copies.reduce((sum, copy) => sum + copy.logits[at], logit) / plan.views);
    return { logits, maps: image.maps };
  };

  /** @returns {Output} */
  function pass(pixels) {
    let values = Float32Array.from(pixels, (pixel) => (pixel / WHITE - plan.mean) / plan.std);
    let shape = [1, SIDE, SIDE];
    const maps = plan.layers.map((layer) => {
      values = LAYERS[layer.type](layer, numbers, values, shape);
      shape = layer.shape;
      return { name: layer.name, type: layer.type, shape, values };
    });
    return { logits: values, maps };
  }
}

/** The picture moved by rows and columns; background moves in. */
function shifted(pixels, [rows, columns]) {
  if (!rows && !columns) return pixels;
  return Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [y, x] = [Math.floor(at / SIDE) - rows, (at % SIDE) - columns];
    return y >= 0 && y < SIDE && x >= 0 && x < SIDE ? pixels[y * SIDE + x] : 0;
  });
}
