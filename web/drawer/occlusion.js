/**
 * The occlusion map of an image: how much the probability of the predicted class falls where a patch covers it.
 * M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014, section 4.2.
 */

import { softmax } from '../pad/verdict.js';

export const SIDE = 28;
export const PATCH = 7; // pixels: a quarter of the image covers a stroke, and not a digit
export const STEP = 3; // pixels from patch to patch
const PAPER = 0; // of the patch: gray would be ink
const PLACES = ['the top left', 'the top', 'the top right', 'the left', 'the center', 'the right', 'the bottom left', 'the bottom', 'the bottom right'];

/** @typedef {{corner: [number, number], drop: number, prediction: number, probability: number}} Covered `corner`: column and row of the patch; `probability` of the class that the whole image is predicted as */

/** The corners of all patches: they may stick out, so that each pixel is covered as often. */
export function corners() {
  const places = [];
  for (let at = STEP - PATCH; at < SIDE; at += STEP) places.push(at);
  return places.flatMap((row) => places.map((column) => /** @type {[number, number]} */ ([column, row])));
}

/** The image with paper in place of a patch. */
export function covered(pixels, [left, top]) {
  const copy = Float32Array.from(pixels);
  eachPixel([left, top], (at) => { copy[at] = PAPER; });
  return copy;
}

/**
 * @param {number[]} probabilities of the whole image
 * @param {ArrayLike<number>} logits of the covered one
 * @param {number | null} temperature
 * @returns {Covered}
 */
export function compared(probabilities, logits, temperature, corner) {
  const now = softmax(logits, temperature);
  const digit = greatest(probabilities);
  return { corner, drop: probabilities[digit] - now[digit], prediction: greatest(now), probability: now[digit] };
}

/** The mean drop of the patches that cover each pixel; 0 where none does yet. */
export function mapOf(results) {
  const [sums, counts] = [new Float64Array(SIDE * SIDE), new Uint16Array(SIDE * SIDE)];
  for (const { corner, drop } of results) {
    eachPixel(corner, (at) => {
      sums[at] += drop;
      counts[at] += 1;
    });
  }
  return sums.map((sum, at) => (counts[at] ? sum / counts[at] : 0));
}

/** The patch that lowers the probability most. */
export const decisive = (results) => results.reduce((most, one) => (one.drop > most.drop ? one : most));

/** "the top left", for the center of a patch */
export function placeOf([left, top]) {
  const third = (corner) => Math.min(2, Math.max(0, Math.floor(((corner + PATCH / 2) * 3) / SIDE)));
  return PLACES[3 * third(top) + third(left)];
}

function eachPixel([left, top], call) {
  for (let y = Math.max(0, top); y < Math.min(SIDE, top + PATCH); y += 1) {
    for (let x = Math.max(0, left); x < Math.min(SIDE, left + PATCH); x += 1) call(y * SIDE + x);
  }
}

const greatest = (values) => values.indexOf(Math.max(...values));
