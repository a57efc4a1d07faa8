/**
 * Preprocessing of an image of one digit to MNIST's 28x28 pixels: the steps of digits/inference/preprocess.py, which has
 * their sources. A test compares the two.
 */

import { withoutSpecks } from './components.js';
import { SIZE, boxOf, boxed, fitted, isFramed, placed } from './frame.js';
import { FAINT, inkOf } from './ink.js';
import { resized, rounded } from '../core/resize.js';
import { widened } from './stroke.js';

/** @import {Box} from './frame.js' */
/** @typedef {{width: number, height: number, data: Uint8ClampedArray}} Picture red, green, blue, opacity, as of a canvas */

/**
 * @typedef {object} Prepared
 * @property {Uint8Array} pixels (784), ink is 255
 * @property {boolean} inverted whether the ink was darker than the background
 * @property {number[]} shift pixels right and down that moved the center of mass, rather than the box, to the center
 * @property {number} parts connected components of the ink
 * @property {boolean} touchesEdge whether the digit may continue beyond the picture
 * @property {boolean} [isTouching] whether it is clearer as several digits that touch
 * @property {boolean} [fillsCorner] whether it lies along two edges of the picture, as a table beside the paper does
 */

export const STEPS = ['paper', 'specks', 'box', 'stroke', 'center'];
const MAX_SIDE = 256; // pixels: a larger picture is reduced
const SMALL_DIGIT = 64; // pixels of a reduced picture: a smaller digit is cropped from the original and prepared again
const SMALL_PICTURE = SIZE; // pixels of the longer side: fewer do not show how the background varies

/**
 * Skips those of STEPS that are in `leaveOut`. A picture framed as in MNIST keeps its pixels.
 * @param {Picture} picture
 * @param {string[]} [leaveOut]
 * @returns {Prepared}
 */
export function prepare(picture, leaveOut = []) {
  return (leaveOut.length ? null : alreadyFramed(picture)) ?? prepared(picture, leaveOut);
}

function prepared(picture, leaveOut) {
  const isDone = (step) => !leaveOut.includes(step);
  const { ink: all, inverted, scale } = inkIn(picture, isDone('paper'));
  const { ink, parts } = isDone('specks') ? withoutSpecks(all) : { ink: all, parts: 1 };
  const box = boxOf(ink);
  if (!box) return { pixels: new Uint8Array(SIZE * SIZE), inverted, shift: [0, 0], parts: 0, touchesEdge: false };
  const longer = Math.max(box[2] - box[0], box[3] - box[1]);
  if (isDone('box') && scale < 1 && longer < SMALL_DIGIT) {
    const [left, top, right, bottom] = box.map((edge) => Math.floor(edge / scale));
    return prepare(recropped(picture, [left, top, right, bottom]), leaveOut);
  }
  const touchesEdge = !box[0] || !box[1] || box[2] === ink.width || box[3] === ink.height;
  return { ...prepareInk(ink, parts, leaveOut), inverted, touchesEdge };
}

/** Frames the ink (height, width) of one digit; `parts` are counted again where its strokes are widened, which closes gaps. */
export function prepareInk(ink, parts, leaveOut = []) {
  const isDone = (step) => !leaveOut.includes(step);
  const digit = isDone('box') ? boxed(ink, /** @type {Box} */ (boxOf(ink))) : ink;
  const wide = isDone('stroke') ? widened(digit) : digit;
  const isWidened = wide !== digit && isDone('specks');
  return { ...placed(fitted(wide), isDone('center')), parts: isWidened ? withoutSpecks(wide).parts : parts };
}

/** For a gray picture that is framed as in MNIST, light on black; null for any other. */
function alreadyFramed({ width, height, data }) {
  if (width !== SIZE || height !== SIZE) return null;
  const values = Float64Array.from({ length: SIZE * SIZE }, (_, at) => data[4 * at]);
  const isGray = values.every((level, at) => data[4 * at + 1] === level && data[4 * at + 2] === level && data[4 * at + 3] === 255);
  const image = { height, width, values };
  const box = isGray && boxOf(image);
  if (!box || !isFramed(image, box)) return null;
  const ink = values.map((level) => (level > FAINT * 255 ? level : 0));
  return { pixels: Uint8Array.from(values), inverted: false, shift: [0, 0], parts: withoutSpecks({ ...image, values: ink }).parts, touchesEdge: false };
}

/**
 * The digit in the box with the background around it.
 * @param {Picture} picture
 * @param {Box} box
 */
function recropped({ width, height, data }, [left, top, right, bottom]) {
  const margin = Math.floor(Math.max(bottom - top, right - left) / 2);
  const [x, y] = [Math.max(0, left - margin), Math.max(0, top - margin)];
  const size = { width: Math.min(width, right + margin) - x, height: Math.min(height, bottom + margin) - y };
  const cropped = new Uint8ClampedArray(4 * size.width * size.height);
  for (let row = 0; row < size.height; row += 1) {
    const start = 4 * ((y + row) * width + x);
    cropped.set(data.subarray(start, start + 4 * size.width), 4 * row * size.width);
  }
  return { ...size, data: cropped };
}

/** The ink (height, width) of a picture, reduced by the factor `scale` to `maxSide` pixels where it is larger; and whether it was dark. */
export function inkIn(picture, mayBeUneven, maxSide = MAX_SIDE) {
  const { colors, scale } = reducedColors(picture, maxSide);
  const isUneven = mayBeUneven && Math.max(picture.height, picture.width) >= SMALL_PICTURE;
  return { ...inkOf(colors, isUneven), scale };
}

/** The opaque `colors` (height, width, 4) of a picture, reduced by the factor `scale` to `maxSide` pixels where it is larger. */
export function reducedColors({ width, height, data }, maxSide) {
  const scale = Math.min(1, maxSide / Math.max(height, width));
  const side = (length) => Math.max(1, rounded(length * scale));
  const values = new Float32Array(data).map((value) => value / 255);
  const colors = resized({ height, width, values }, side(height), side(width));
  makeOpaque(colors.values);
  return { colors, scale };
}

/** Blends `values` (height, width, 4) in place with white under dark ink, black under light; the last channel is opacity. */
function makeOpaque(values) {
  const background = brightness(values) < 0.5 ? 1 : 0;
  for (let at = 0; at < values.length; at += 4) {
    const opacity = values[at + 3];
    for (let place = at; place < at + 3; place += 1) values[place] = values[place] * opacity + (1 - opacity) * background;
    values[at + 3] = 1;
  }
}

function brightness(values) {
  let [light, total] = [0, 0];
  for (let at = 0; at < values.length; at += 4) {
    light += (values[at] + values[at + 1] + values[at + 2]) * values[at + 3];
    total += 3 * values[at + 3];
  }
  return light / Math.max(total, 1e-9);
}
