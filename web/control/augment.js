/** The trainer's augmentation, as digits/data/augment.py computes it, for the form's strip of digits. */

import { resized, upsampled } from '../core/resize.js';

export const SIZE = 28;
const KNOT_SPACING = 7; // pixels between the control points of elastic distortion
const BEYOND = Math.ceil((SIZE / 2 + KNOT_SPACING) / KNOT_SPACING);
const KNOTS = Array.from({ length: 2 * BEYOND + 1 }, (_, knot) => (knot - BEYOND) * KNOT_SPACING);
const SIDES = [7, 8, 9, 10, 11, 12, 13, 14]; // pixels of a low resolution
const CENTER = (SIZE - 1) / 2;

/**
 * @typedef {object} Parameters of one image
 * @property {number} angle radians
 * @property {number} shear
 * @property {[number, number]} scale
 * @property {[number, number]} translation pixels
 * @property {number[][] | null} elastic displacements of the knots in x and in y
 * @property {number} strokeWidth -1 to 1
 * @property {number} side pixels of a low resolution; 0: none
 */

/**
 * Random parameters within `amounts`, the options of a run. `random()` is 0 to 1; the number of draws does not depend
 * on the amounts, so that a digit changes smoothly with them.
 * @returns {Parameters}
 */
export function draw(amounts, random) {
  const within = (largest) => (2 * random() - 1) * largest;
  const amount = (name) => amounts[name] || 0;
  const knots = () => KNOTS.flatMap(() => KNOTS.map(() => within(amount('elastic'))));
  const parameters = {
    angle: within((amount('rotation') * Math.PI) / 180),
    shear: within(amount('shear')),
    scale: /** @type {[number, number]} */ ([1 + within(amount('scale')), 1 + within(amount('scale'))]),
    translation: /** @type {[number, number]} */ ([within(amount('translate')), within(amount('translate'))]),
    strokeWidth: within(amount('stroke_width')),
    elastic: [knots(), knots()],
    side: random() < amount('low_res') ? SIDES[Math.floor(random() * SIDES.length)] : 0,
  };
  return amount('elastic') ? parameters : { ...parameters, elastic: null };
}

/** The 784 pixels of 0 to 255, with that stroke width, distorted, and in that resolution. */
export function augment(pixels, parameters) {
  const inked = changeStrokeWidth(pixels, parameters.strokeWidth);
  const warped = resample(inked, parameters);
  return parameters.side ? lowerResolution(warped, parameters.side) : warped;
}

/** Blends with a dilation (below 0: an erosion) by a cross of five pixels. */
function changeStrokeWidth(pixels, amount) {
  if (!amount) return pixels;
  const furthest = amount > 0 ? Math.max : Math.min;
  return pixels.map((value, at) => {
    const [y, x] = [Math.floor(at / SIZE), at % SIZE];
    const beside = [y > 0 && at - SIZE, y < SIZE - 1 && at + SIZE, x > 0 && at - 1, x < SIZE - 1 && at + 1].filter((place) => place !== false);
    return value + Math.abs(amount) * (furthest(value, ...beside.map((place) => pixels[place])) - value);
  });
}

/** Samples bilinearly where the inverse of the transform says; black outside. */
function resample(pixels, { angle, shear, scale, translation, elastic }) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const inverse = [[(cos + shear * sin) / scale[0], (sin - shear * cos) / scale[0]], [-sin / scale[1], cos / scale[1]]];
  const offset = inverse.map(([a, b]) => -(a * translation[0] + b * translation[1]));
  return pixels.map((_, at) => {
    const [x, y] = [(at % SIZE) - CENTER, Math.floor(at / SIZE) - CENTER];
    const [moveX, moveY] = elastic ? elastic.map((knots) => displacement(knots, x, y)) : [0, 0];
    const sourceX = inverse[0][0] * x + inverse[0][1] * y + offset[0] + moveX + CENTER;
    const sourceY = inverse[1][0] * x + inverse[1][1] * y + offset[1] + moveY + CENTER;
    return bilinear(pixels, sourceX, sourceY);
  });
}

function bilinear(pixels, x, y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (row, column) => (row >= 0 && row < SIZE && column >= 0 && column < SIZE ? pixels[row * SIZE + column] : 0);
  const [right, low] = [x - left, y - top];
  return (1 - low) * ((1 - right) * at(top, left) + right * at(top, left + 1)) + low * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1));
}

/** At a position relative to the center: cubic B-splines around the knots. */
function displacement(knots, x, y) {
  const [columns, rows] = [x, y].map((position) => KNOTS.map((knot) => spline(Math.abs((position - knot) / KNOT_SPACING))));
  let sum = 0;
  rows.forEach((row, a) => {
    if (row) columns.forEach((column, b) => { sum += row * column * knots[a * KNOTS.length + b]; });
  });
  return sum;
}

const spline = (distance) => (distance < 1 ? 2 / 3 - distance ** 2 + distance ** 3 / 2 : Math.max(0, 2 - distance) ** 3 / 6);

/** Downscaled, then upscaled with back-projection. */
function lowerResolution(pixels, side) {
  const whole = { height: SIZE, width: SIZE, values: Float64Array.from(pixels, (value) => value / 255) };
  return Array.from(upsampled(resized(whole, side, side), SIZE / side).values, (value) => 255 * value);
}
