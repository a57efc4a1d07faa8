/** Cleaning of a photo for a second attempt, as in digits/inference/photo.py: without shadows, the table and ruled lines. */

import { FLAT } from './background.js';
import { componentsOf } from './components.js';
import { inkOf, inkThreshold } from './ink.js';
import { reducedColors } from './prepare.js';
import { quantile } from './quantile.js';
import { rounded } from '../core/resize.js';

/** @import {Image} from '../core/resize.js' */
/** @import {Picture} from './prepare.js' */

export const WORKING_SIDE = 512; // pixels on the longer side: a larger picture is reduced
const MIN_SIDE = 64; // pixels on the longer side: a smaller picture is no photo
const WINDOW = 1 / 8; // of the longer side: strokes are thinner, shadows and tables wider
const RULED = 0.4; // of full ink: less is a ruled line
const EDGE = 1 / 128; // of the longer side: the first attempt may have seen strokes that much wider
const MIN_REMOVED = 0.05; // of the area that the first attempt took for ink
const DARKEST = 1e-3; // of the difference between black and white: no background is darker

/**
 * Black ink on white paper, and the `scale` at which it shows the picture; null without ink, or if the first attempt
 * found hardly more.
 * @param {Picture} picture
 * @returns {{picture: Picture, scale: number} | null}
 */
export function cleaned(picture) {
  if (Math.max(picture.width, picture.height) < MIN_SIDE) return null;
  const { colors, scale } = reducedColors(picture, WORKING_SIDE);
  const { height, width } = colors;
  const ink = localInk(brightnessOf(colors));
  if (!ink?.some(Boolean) || !removesSome(inkOf(colors, true).ink.values, { height, width, values: ink })) return null;
  const data = new Uint8ClampedArray(4 * ink.length).fill(255);
  ink.forEach((value, at) => data.fill(rounded(255 * (1 - value)), 4 * at, 4 * at + 3));
  return { picture: { width, height, data }, scale };
}

/** The mean of the colors; the reverse for light ink on a dark background. */
function brightnessOf({ height, width, values }) {
  const gray = new Float32Array(height * width).map((_, at) => (values[4 * at] + values[4 * at + 1] + values[4 * at + 2]) / 3);
  const isDark = gray.reduce((sum, value) => sum + value, 0) < 0.5 * gray.length;
  return { height, width, values: isDark ? gray.map((value) => 1 - value) : gray };
}

/** The ink, 0 to 1, of each pixel: the fraction of the background's brightness that is missing, relative to full ink. */
function localInk(brightness) {
  const { height, width, values } = brightness;
  const background = closing(brightness, rounded((Math.max(height, width) * WINDOW) / 2)).values;
  const missing = values.map((value, at) => 1 - value / Math.max(background[at], DARKEST));
  const threshold = inkThreshold(missing);
  const marks = missing.filter((value) => value > threshold); // ink, and perhaps more ruled lines than ink
  const darker = inkThreshold(marks);
  const full = quantile(marks.filter((value) => value >= darker), 0.75);
  if (!(full >= FLAT)) return null;
  return withinEdges({ height, width, values: missing.map((value) => (value / full < RULED ? 0 : Math.min(1, value / full))) });
}

/** Without components at the edges of the picture: a closing leaves some of a shadow's edge there. */
function withinEdges(ink) {
  const { height, width, values } = ink;
  const { labels } = componentsOf(ink);
  const atEdge = new Set(labels.filter((_, at) => at < width || at >= (height - 1) * width || at % width === 0 || at % width === width - 1));
  return values.map((value, at) => (atEdge.has(labels[at]) ? 0 : value));
}

/** Whether the ink of the first attempt lies in part where there is none now, not even near. */
function removesSome(before, after) {
  const radius = Math.max(1, rounded(Math.max(after.height, after.width) * EDGE));
  const near = dilation({ ...after, values: after.values.map((value) => Number(value > 0)) }, radius).values;
  let [inked, removed] = [0, 0];
  for (let at = 0; at < before.length; at += 1) {
    if (!before[at]) continue;
    inked += 1;
    if (!near[at]) removed += 1;
  }
  return removed >= MIN_REMOVED * inked;
}

function closing(image, radius) {
  const { values } = dilation(image, radius);
  const negative = dilation({ ...image, values: values.map((value) => -value) }, radius);
  return { ...image, values: negative.values.map((value) => -value) };
}

/** The maximum of the square of 2 * `radius` + 1 pixels around each pixel. */
function dilation(image, radius) {
  const { height, width } = image;
  const rows = runningMaximum(image.values, radius, { lines: height, between: width, length: width, step: 1 });
  return { ...image, values: runningMaximum(rows, radius, { lines: width, between: 1, length: height, step: width }) };
}

/** The maximum within `radius` along each line: of windows of 1, 2, 4, ... pixels, joined at last. */
function runningMaximum(values, radius, { lines, between, length, step }) {
  const [result, maxima] = [values.slice(), new values.constructor(length + 2 * radius)];
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < maxima.length; at += 1) {
      maxima[at] = values[line * between + Math.min(length - 1, Math.max(0, at - radius)) * step];
    }
    let span = 1;
    for (; 2 * span <= 2 * radius + 1; span *= 2) widen(maxima, span);
    widen(maxima, 2 * radius + 1 - span);
    for (let at = 0; at < length; at += 1) result[line * between + at * step] = maxima[at];
  }
  return result;
}

function widen(maxima, by) {
  for (let at = 0; at + by < maxima.length; at += 1) if (maxima[at + by] > maxima[at]) maxima[at] = maxima[at + by];
}
