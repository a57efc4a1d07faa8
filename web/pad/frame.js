/** The digit framed as MNIST frames its own: in a box of 20x20, its centre of mass in the middle of 28x28. */

import { FAINT } from './ink.js';
import { enlarged, resized } from './resize.js';
import { rounded } from './rounded.js';

export const SIZE = 28;
const BOX = 20;
const FINER = 4; // times the pixels of a digit that is smaller than BOX: its edges then fall between them
const CENTRE = 14.5; // where MNIST has the centre of mass, with the first pixel from 0 to 1
const CENTERED = 0.53; // pixels from CENTRE: MNIST moved its digits by whole pixels

/** Left, top, right and bottom of the ink (height, width); null if there is none. */
export function boxOf({ height, width, values }) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let at = 0; at < values.length; at += 1) {
    if (!values[at]) continue;
    const [row, column] = [Math.floor(at / width), at % width];
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
    top = Math.min(top, row);
    bottom = row + 1;
  }
  return bottom ? [left, top, right, bottom] : null;
}

/** What of the ink lies in a box around it all; of more pixels where it has few. */
export function boxed(ink, edges) {
  const digit = cropped(ink, edges);
  return Math.max(digit.width, digit.height) < BOX ? finer(digit) : digit;
}

/** A digit of FINER times the pixels, boxed again. */
function finer(digit) {
  const { height, width } = digit;
  const padded = enlarged(cropped(digit, [-1, -1, width + 1, height + 1]), FINER); // paper is all around
  const all = cropped(padded, [FINER, FINER, FINER * (width + 1), FINER * (height + 1)]);
  const least = Math.min(FAINT, Math.max(...all.values));
  const ink = { ...all, values: all.values.map((value) => (value < least ? 0 : value)) };
  return cropped(ink, boxOf(ink));
}

/** Just between two pixels, as with what is symmetric, it is not to depend on how a sum was rounded. */
const nearest = (place) => rounded(Math.round(1e6 * place) / 1e6);

/** What lies in a box; beyond the ink is none. */
function cropped(ink, [left, top, right, bottom]) {
  const [height, width] = [bottom - top, right - left];
  const values = new Float64Array(height * width).map((_, at) => {
    const [row, column] = [top + Math.floor(at / width), left + (at % width)];
    const isWithin = row >= 0 && row < ink.height && column >= 0 && column < ink.width;
    return isWithin ? ink.values[row * ink.width + column] : 0;
  });
  return { height, width, values };
}

/** The digit as large as fits 20x20, as it is proportioned. */
export function fitted({ height, width, values }) {
  const side = (length) => Math.max(1, rounded((length * BOX) / Math.max(height, width)));
  return resized({ height, width, values }, side(height), side(width));
}

/** Of ink (height, width): how much there is, and the sums of its places along x and y, each weighted by its ink. */
function moments({ width, values }) {
  let [mass, x, y] = [0, 0, 0];
  values.forEach((value, at) => {
    mass += value;
    x += value * ((at % width) + 0.5);
    y += value * (Math.floor(at / width) + 0.5);
  });
  return [mass, x, y];
}

/** Whether 28x28 pixels with ink in that box lie as MNIST's digits do. */
export function isFramed(image, [left, top, right, bottom]) {
  const [mass, x, y] = moments(image);
  const longer = Math.max(right - left, bottom - top);
  return longer >= BOX - 1 && longer <= BOX && [x, y].every((sum) => Math.abs(sum / mass - CENTRE) <= CENTERED);
}

/** 28x28 bytes with the digit's centre of mass, else its box, in the middle; and by how much that moved it. */
export function placed({ height, width, values }, centred) {
  const [mass, x, y] = moments({ width, values });
  const start = (sum, length) => {
    const [free, middle] = [SIZE - length, Math.floor((SIZE - length) / 2)];
    return centred && mass ? [Math.min(free, Math.max(0, nearest(CENTRE - sum / mass))), middle] : [middle, middle];
  };
  const [[left, boxLeft], [top, boxTop]] = [start(x, width), start(y, height)];
  const pixels = new Uint8Array(SIZE * SIZE);
  values.forEach((value, at) => {
    pixels[(top + Math.floor(at / width)) * SIZE + left + (at % width)] = rounded(value * 255);
  });
  return { pixels, shift: [left - boxLeft, top - boxTop] };
}
