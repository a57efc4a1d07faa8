/** Framing as in MNIST: the digit fits a box of 20x20 pixels, its center of mass is at the center of 28x28. */

import { FAINT } from './ink.js';
import { resized, rounded, upsampled } from '../core/resize.js';

export const SIZE = 28;
export const BOX = 20;
const FINER = 4; // upsampling factor of a digit smaller than BOX, whose edges lie between pixels
export const CENTER = 14.5; // of mass in MNIST; the first pixel spans 0 to 1
const CENTERED = 0.53; // pixels from CENTER: MNIST shifted its digits by whole pixels

/** @typedef {[number, number, number, number]} Box left, top, right, bottom */

/**
 * The bounding box of the ink (height, width); null if there is none.
 * @returns {Box | null}
 */
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

/** The ink in its bounding box, upsampled if that is small. */
export function boxed(ink, edges) {
  const digit = cropped(ink, edges);
  if (Math.max(digit.width, digit.height) >= BOX) return digit;
  const large = finer(digit, FINER);
  return cropped(large, /** @type {Box} */ (boxOf(large)));
}

/** The ink at `times` the size, with sharp edges. */
export function finer(ink, times) {
  const { height, width } = ink;
  const padded = upsampled(cropped(ink, [-1, -1, width + 1, height + 1]), times); // with a margin of background
  const all = cropped(padded, [times, times, times * (width + 1), times * (height + 1)]);
  const least = Math.min(FAINT, Math.max(...all.values));
  return { ...all, values: all.values.map((value) => (value < least ? 0 : value)) };
}

/** Exactly between two pixels, as for symmetric ink, the result must not depend on how a sum was rounded. */
const nearest = (position) => rounded(Math.round(1e6 * position) / 1e6);

/**
 * The part in a box; outside the image it is 0.
 * @param {{height: number, width: number, values: Float64Array}} ink
 * @param {Box} box
 */
function cropped(ink, [left, top, right, bottom]) {
  const [height, width] = [bottom - top, right - left];
  const values = new Float64Array(height * width).map((_, at) => {
    const [row, column] = [top + Math.floor(at / width), left + (at % width)];
    const isWithin = row >= 0 && row < ink.height && column >= 0 && column < ink.width;
    return isWithin ? ink.values[row * ink.width + column] : 0;
  });
  return { height, width, values };
}

/** The digit scaled to fit 20x20 with its proportions. */
export function fitted({ height, width, values }) {
  const side = (length) => Math.max(1, rounded((length * BOX) / Math.max(height, width)));
  return resized({ height, width, values }, side(height), side(width));
}

/** The mass of ink (height, width), and its first moments along x and y. */
function moments({ width, values }) {
  let [mass, x, y] = [0, 0, 0];
  values.forEach((value, at) => {
    mass += value;
    x += value * ((at % width) + 0.5);
    y += value * (Math.floor(at / width) + 0.5);
  });
  return [mass, x, y];
}

/** Whether 28x28 pixels with ink in that box are framed as in MNIST. */
export function isFramed(image, [left, top, right, bottom]) {
  const [mass, x, y] = moments(image);
  const longer = Math.max(right - left, bottom - top);
  return longer >= BOX - 1 && longer <= BOX && [x, y].every((sum) => Math.abs(sum / mass - CENTER) <= CENTERED);
}

/** 28x28 bytes with the digit's center of mass, else its box, at the center; and the shift between the two. */
export function placed({ height, width, values }, isByMass) {
  const [mass, x, y] = moments({ width, values });
  const start = (sum, length) => {
    const [free, middle] = [SIZE - length, Math.floor((SIZE - length) / 2)];
    return isByMass && mass ? [Math.min(free, Math.max(0, nearest(CENTER - sum / mass))), middle] : [middle, middle];
  };
  const [[left, boxLeft], [top, boxTop]] = [start(x, width), start(y, height)];
  const pixels = new Uint8Array(SIZE * SIZE);
  values.forEach((value, at) => {
    pixels[(top + Math.floor(at / width)) * SIZE + left + (at % width)] = rounded(value * 255);
  });
  return { pixels, shift: [left - boxLeft, top - boxTop] };
}
