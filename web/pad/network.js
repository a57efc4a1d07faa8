/** A trained network in the page: the digit's pixels in, ten logits and what every layer made of it out. */

import { LAYERS } from './arithmetic.js';

const WHITE = 255;
const SIDE = 28;

/**
 * A function read(pixels) for a plan and its numbers (plan.js); `pixels` are 784 of 0 (paper) to 255 (ink). It gives
 * `logits`, ten, and `maps`: for each layer {name, type, shape: [channels, rows, columns], values}.
 */
export function createNetwork(plan, numbers) {
  return function read(pixels) {
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
