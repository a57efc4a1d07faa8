/**
 * From a picture of one digit to the 28x28 pixels that MNIST would have made of it: the same steps as in
 * digits/inference/preprocess.py, which says where they come from. A test compares the two.
 */

import { SIZE, boxOf, boxed, fitted, isFramed, placed } from './frame.js';
import { FAINT, inkOf } from './ink.js';
import { makeOpaque } from './opaque.js';
import { withoutSpecks } from './parts.js';
import { resized } from './resize.js';
import { rounded } from './rounded.js';

export const STEPS = ['paper', 'specks', 'box', 'centre'];
const SHOWN = 256; // pixels on the longer side: the largest picture that is looked at as it is
const CLOSER = 64; // pixels of these: a smaller digit is looked at again, by itself
const SMALL = SIZE; // pixels of a picture's longer side: on less the paper has too few to tell how its colour changes

/**
 * `picture` is {width, height, data}, as a canvas gives it: red, green, blue and opacity of each pixel, 0 to 255. Of
 * STEPS those in `leaveOut` are not done. One that is framed as MNIST's are keeps its pixels.
 *
 * `pixels`: Uint8Array(784), ink is 255. `inverted`: the ink was darker than the paper. `shift`: by how many of the 28
 * pixels the digit was moved right and down to have its centre of mass, not its box, in the middle. `parts`: how many
 * large pieces the ink has.
 */
export function prepare(picture, leaveOut = []) {
  const left = new Set(leaveOut);
  return (left.size ? null : framedAlready(picture)) ?? prepared(picture, left, leaveOut);
}

function prepared(picture, left, leaveOut) {
  const { ink: all, inverted, scale } = inkIn(picture, left.has('paper'));
  const { ink, parts } = left.has('specks') ? { ink: all, parts: 1 } : withoutSpecks(all);
  const found = boxOf(ink);
  if (!found) return { pixels: new Uint8Array(SIZE * SIZE), inverted, shift: [0, 0], parts: 0 };
  const isBoxed = !left.has('box');
  const longer = Math.max(found[2] - found[0], found[3] - found[1]);
  if (isBoxed && scale < 1 && longer < CLOSER) return closerLook(picture, found.map((edge) => Math.floor(edge / scale)), leaveOut);
  const digit = isBoxed ? boxed(ink, found) : ink;
  return { ...placed(fitted(digit), !left.has('centre')), inverted, parts };
}

/** What `prepare` gives for a gray picture that is framed as MNIST's images are, light on black; null for any other. */
function framedAlready({ width, height, data }) {
  if (width !== SIZE || height !== SIZE) return null;
  const values = Float64Array.from({ length: SIZE * SIZE }, (_, at) => data[4 * at]);
  const isGray = values.every((level, at) => data[4 * at + 1] === level && data[4 * at + 2] === level && data[4 * at + 3] === 255);
  const image = { height, width, values };
  const found = isGray && boxOf(image);
  if (!found || !isFramed(image, found)) return null;
  const ink = values.map((level) => (level > FAINT * 255 ? level : 0));
  return { pixels: Uint8Array.from(values), inverted: false, shift: [0, 0], parts: withoutSpecks({ ...image, values: ink }).parts };
}

/** At a digit that is small in a large picture: it and the paper around it, as finely as the picture has them. */
function closerLook(picture, [left, top, right, bottom], leaveOut) {
  const margin = Math.floor(Math.max(bottom - top, right - left) / 2);
  const [x, y] = [Math.max(0, left - margin), Math.max(0, top - margin)];
  return prepare(part(picture, x, y, Math.min(picture.width, right + margin), Math.min(picture.height, bottom + margin)), leaveOut);
}

function part({ width, data }, left, top, right, bottom) {
  const row = 4 * (right - left);
  const kept = new Uint8ClampedArray(row * (bottom - top));
  for (let y = top; y < bottom; y += 1) kept.set(data.subarray(4 * (y * width + left), 4 * (y * width + right)), row * (y - top));
  return { width: right - left, height: bottom - top, data: kept };
}

/** Ink (height, width) of a picture brought to a handy size, `scale` times as large as it was; and whether it was dark. */
function inkIn({ width, height, data }, flat) {
  const longer = Math.max(height, width);
  const scale = Math.min(1, SHOWN / longer);
  const side = (length) => Math.max(1, rounded(length * scale));
  const values = new Float32Array(data).map((value) => value / 255);
  const handy = resized({ height, width, values }, side(height), side(width));
  makeOpaque(handy.values);
  return { ...inkOf(handy, longer >= SMALL && !flat), scale };
}
