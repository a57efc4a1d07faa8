/** Stroke width, and the widening of strokes thinner than MNIST's. digits/inference/stroke.py has the reasons. */

import { BOX, finer } from './frame.js';

export const WIDEN_BELOW = 1.4; // pixels of the box
export const TARGET_WIDTH = 2.0; // pixels of the box
export const MIN_SIDE = 80; // pixels on the longer side for dilation

/** The mean stroke width in pixels of ink (height, width). */
function strokeWidth({ width, values }) {
  let [mass, variation] = [0, 0];
  for (let at = 0; at < values.length; at += 1) {
    const column = at % width;
    mass += values[at];
    variation += Math.abs(values[at] - (column ? values[at - 1] : 0)) + Math.abs(values[at] - (at < width ? 0 : values[at - width]));
    if (column === width - 1) variation += values[at];
    if (at >= values.length - width) variation += values[at];
  }
  return (2 * mass) / ((Math.PI / 4) * variation);
}

/** The radius of the disc whose dilation gives strokes TARGET_WIDTH; 0: they are wide enough. */
function radiusToWiden(ink) {
  const [width, side] = [strokeWidth(ink), Math.max(ink.height, ink.width)];
  if (width >= (WIDEN_BELOW / BOX) * side) return 0;
  const target = TARGET_WIDTH / BOX;
  return (target * side - width) / (2 * (1 - target));
}

/** Ink with its thin strokes widened, upsampled first if it has few pixels; the same object if none is thin. */
export function widened(ink) {
  if (!radiusToWiden(ink)) return ink;
  const times = Math.ceil(MIN_SIDE / Math.max(ink.height, ink.width));
  const large = times > 1 ? finer(ink, times) : ink;
  return dilated(large, radiusToWiden(large));
}

/**
 * The maximum of the ink within `radius`, with a margin for it. A disc is a stack of rows whose width grows toward its
 * center, so that each row's maximum extends the previous one.
 */
function dilated(ink, radius) {
  const r = Math.floor(radius);
  const [height, width] = [ink.height + 2 * r, ink.width + 2 * r];
  const rows = new Float64Array(ink.height * width); // the maximum over [-half, half] of each row
  const values = new Float64Array(height * width);
  for (let y = r, half = -1; y >= 0; y -= 1) {
    for (; half + 1 <= Math.sqrt(radius ** 2 - y ** 2); half += 1) {
      for (const x of [r - half - 1, r + half + 1]) raise(rows, width, x, ink.values, ink.width);
    }
    for (const top of [r - y, r + y]) raise(values, width, top * width, rows, width);
  }
  return { height, width, values };
}

/** Raises `values`, in rows of `width`, from `start` on to at least those of `others`, in rows of `columns`. */
function raise(values, width, start, others, columns) {
  for (let from = 0; from < others.length; from += columns, start += width) {
    for (let column = 0; column < columns; column += 1) {
      if (others[from + column] > values[start + column]) values[start + column] = others[from + column];
    }
  }
}
