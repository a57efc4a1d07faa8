/**
 * From a picture of one digit to the 28x28 pixels that MNIST would have made of it: the same steps as in
 * digits/preprocess.py, which says where they come from. A test compares the two.
 */

import { SIZE, boxOf, fitted, placed } from './frame.js';
import { inkOf } from './ink.js';
import { makeOpaque } from './opaque.js';
import { withoutSpecks } from './parts.js';
import { clipped, resized } from './resize.js';
import { rounded } from './rounded.js';

export const STEPS = ['paper', 'specks', 'box', 'centre'];
const SHOWN = 256; // pixels on the longer side: the largest picture that is looked at as it is
const CLOSER = 64; // pixels of these: a smaller digit is looked at again, by itself
const COARSE = SIZE; // a picture smaller than that is enlarged first: box and threshold then fall between its pixels
const ENLARGED = 4; // times
const EDGE = [0.4, 0.8]; // of full ink: enlarging made edges soft, and here they become steep again

/**
 * `picture` is {width, height, data}, as a canvas gives it: red, green, blue and opacity of each pixel, 0 to 255. Of
 * STEPS those in `leaveOut` are not done.
 *
 * `pixels`: Uint8Array(784), ink is 255. `inverted`: the ink was darker than the paper. `shift`: by how many of the 28
 * pixels the digit was moved right and down to have its centre of mass, not its box, in the middle. `parts`: how many
 * large pieces the ink has.
 */
export function prepare(picture, leaveOut = []) {
  const left = new Set(leaveOut);
  const { ink: all, inverted, scale } = inkIn(picture, left.has('paper'));
  const { ink, parts } = left.has('specks') ? { ink: all, parts: 1 } : withoutSpecks(all);
  const found = boxOf(ink);
  if (!found) return { pixels: new Uint8Array(SIZE * SIZE), inverted, shift: [0, 0], parts: 0 };
  const edges = left.has('box') ? [0, 0, ink.width, ink.height] : found;
  const longer = Math.max(edges[2] - edges[0], edges[3] - edges[1]);
  if (scale < 1 && !left.has('box') && longer < CLOSER) return closerLook(picture, edges.map((edge) => Math.floor(edge / scale)), leaveOut);
  return { ...placed(fitted(ink, edges), !left.has('centre')), inverted, parts };
}

/** At a digit that is small in a large picture: it and the paper around it, as finely as the picture has them. */
function closerLook(picture, [left, top, right, bottom], leaveOut) {
  const margin = Math.floor(Math.max(bottom - top, right - left) / 2);
  const [x, y] = [Math.max(0, left - margin), Math.max(0, top - margin)];
  return prepare(cropped(picture, x, y, Math.min(picture.width, right + margin), Math.min(picture.height, bottom + margin)), leaveOut);
}

function cropped({ width, data }, left, top, right, bottom) {
  const row = 4 * (right - left);
  const part = new Uint8ClampedArray(row * (bottom - top));
  for (let y = top; y < bottom; y += 1) part.set(data.subarray(4 * (y * width + left), 4 * (y * width + right)), row * (y - top));
  return { width: right - left, height: bottom - top, data: part };
}

/** Ink (height, width) of a picture brought to a handy size, `scale` times as large as it was. */
function inkIn({ width, height, data }, flat) {
  const longer = Math.max(height, width);
  const coarse = longer < COARSE;
  const scale = coarse ? ENLARGED : Math.min(1, SHOWN / longer);
  const side = (length) => Math.max(1, rounded(length * scale));
  const values = new Float32Array(data).map((value) => value / 255);
  const handy = resized({ height, width, values }, side(height), side(width));
  makeOpaque(handy.values);
  const { ink, inverted } = inkOf(handy, !coarse && !flat);
  return { ink: coarse ? { ...ink, values: ink.values.map(steep) } : ink, inverted, scale };
}

const steep = (value) => clipped((value - EDGE[0]) / (EDGE[1] - EDGE[0]));
