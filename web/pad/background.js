/** The background under the ink: the smooth surface of color that the border of an image shows. */

import { quantile } from './quantile.js';
import { accumulate, differences, fitSurface, noSums } from './surface.js';

export const FLAT = 0.06; // of the difference between black and white: an image with less contrast is blank
const ROUNDS = 4;

/**
 * The differences of `colors` (height, width, 4) from their background, see surface.js. If `isUneven`, the background is
 * the quadratic surface through the border and all pixels like it, else a single color.
 */
export function relativeToBackground(colors, isUneven) {
  const border = borderOf(colors);
  const candidates = border.slice();
  const median = [0, 1, 2].map((channel) => quantile(pick(colors.values, candidates, 4, channel), 0.5));
  let result = differences(colors, [median, ...Array(5).fill([0, 0, 0])]);
  const [sums, included] = [noSums(), new Int8Array(candidates.length)];
  for (let round = 0; isUneven && round < ROUNDS; round += 1) {
    const changed = changes(included, result.distance, candidates, border);
    const surface = changed && fitSurface(accumulate(sums, colors, changed));
    if (!surface) break;
    result = differences(colors, surface);
    candidates.fill(1);
  }
  return result;
}

/**
 * For each pixel: 1 if it is now background, -1 if no longer, 0 if unchanged since `included`; null if all are unchanged.
 * Few change after the first rounds, and accumulating only these is fast.
 */
function changes(included, distance, candidates, border) {
  const spread = Math.min(...[candidates, border].map((chosen) => quantile(pick(distance, chosen), 0.5))); // most pixels may be ink
  const limit = Math.max(FLAT, 2.5 * spread);
  const changed = new Int8Array(included.length);
  let any = false;
  for (let at = 0; at < changed.length; at += 1) {
    const isNear = candidates[at] && distance[at] <= limit ? 1 : 0;
    if (isNear === included[at]) continue;
    any = true;
    changed[at] = isNear - included[at];
    included[at] = isNear;
  }
  return any ? changed : null;
}

/** The values, every `step`-th from `first`, of the pixels that are `chosen`. */
export function pick(values, chosen, step = 1, first = 0) {
  const picked = new Float64Array(chosen.length);
  let count = 0;
  for (let at = 0; at < chosen.length; at += 1) if (chosen[at]) picked[count++] = values[at * step + first];
  return picked.subarray(0, count);
}

/** 1 for the outermost pixels, a thirtieth of the shorter side deep, else 0. */
function borderOf({ height, width }) {
  const depth = Math.max(1, Math.floor(Math.min(height, width) / 30));
  const border = new Uint8Array(height * width).fill(1);
  for (let row = depth; row < height - depth; row += 1) {
    if (width > 2 * depth) border.fill(0, row * width + depth, (row + 1) * width - depth);
  }
  return border;
}
