/** The paper under the ink: what the border of a picture shows, whose colour changes slowly from place to place. */

import { compared } from './compare.js';
import { quantile } from './quantile.js';
import { addTo, noSums, surfaceOf } from './surface.js';

export const FLAT = 0.06; // of all there is between black and white: a picture with less contrast is blank
const ROUNDS = 4;

/**
 * How `colours` (height, width, 4) differ from their paper, see `compared`. If `uneven`, paper is the smoothest surface
 * through the border and all pixels like it, else of one colour.
 */
export function besidePaper(colours, uneven) {
  const among = rim(colours);
  const median = [0, 1, 2].map((channel) => quantile(pick(colours.values, among, 4, channel), 0.5));
  let found = compared(colours, [median, ...Array(5).fill([0, 0, 0])]);
  const [sums, counted] = [noSums(), new Int8Array(among.length)];
  for (let round = 0; uneven && round < ROUNDS; round += 1) {
    const changed = changes(counted, found.away, among);
    const paper = changed && surfaceOf(addTo(sums, colours, changed));
    if (!paper) break;
    found = compared(colours, paper);
    among.fill(1);
  }
  return found;
}

/**
 * Of each pixel: 1 if it has come to be like paper, -1 if no longer, 0 if `counted` as before; null if all are. Few
 * change after the first rounds, and adding only these is quick.
 */
function changes(counted, away, among) {
  const limit = Math.max(FLAT, 2.5 * quantile(pick(away, among), 0.5));
  const changed = new Int8Array(counted.length);
  let any = false;
  for (let at = 0; at < changed.length; at += 1) {
    const near = among[at] && away[at] <= limit ? 1 : 0;
    if (near === counted[at]) continue;
    any = true;
    changed[at] = near - counted[at];
    counted[at] = near;
  }
  return any ? changed : null;
}

/** The values, one of each `step`, of the pixels that are `among` the chosen. */
export function pick(values, among, step = 1, first = 0) {
  const picked = new Float64Array(among.length);
  let count = 0;
  for (let at = 0; at < among.length; at += 1) if (among[at]) picked[count++] = values[at * step + first];
  return picked.subarray(0, count);
}

/** 1 for the outermost pixels, a thirtieth of the shorter side deep, else 0. */
function rim({ height, width }) {
  const depth = Math.max(1, Math.floor(Math.min(height, width) / 30));
  const among = new Uint8Array(height * width).fill(1);
  for (let row = depth; row < height - depth; row += 1) {
    if (width > 2 * depth) among.fill(0, row * width + depth, (row + 1) * width - depth);
  }
  return among;
}
