/** The strip of ten augmented digits: training images as the form's options augment them. */

import { paint } from '../charts/raster.js';
import { h, setText } from '../core/dom.js';
import { SIZE, augment, draw } from './augment.js';

const COUNT = 10;
const SOURCE = new URL('digits.png', import.meta.url); // synthetic digits, made by python -m tests.support.digits_strip
const SEED = 7; // any number: the same digits for the same values

/** A figure, and a function that draws the digits as the options augment them. */
export function createStrip() {
  const canvas = h('canvas', { width: COUNT * SIZE, height: SIZE, role: 'img', 'aria-label': 'Ten augmented digits' });
  const caption = h('figcaption', { class: 'soft' }, 'Ten digits as the trainer\u2019s augmentation may change them; the trainer draws new values for each image.');
  const figure = h('figure', { class: 'strip' }, canvas, caption);
  let digits = /** @type {number[][] | null} */ (null);
  let wanted = {};
  const image = new Image();
  image.addEventListener('load', () => {
    digits = digitsOf(image);
    show(wanted);
  });
  image.addEventListener('error', () => setText(caption, 'The digits could not be loaded.'));
  image.src = SOURCE.href;

  function show(amounts) {
    wanted = amounts;
    if (!digits) return;
    const random = generator(SEED);
    digits.forEach((pixels, index) => paint(canvas, augment(pixels, draw(amounts, random)), SIZE, SIZE, index * SIZE));
  }
  return { figure, show };
}

/** The gray values of each digit in the image. */
function digitsOf(image) {
  const context = /** @type {CanvasRenderingContext2D} */ (h('canvas', { width: COUNT * SIZE, height: SIZE }).getContext('2d'));
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, COUNT * SIZE, SIZE);
  const grayOf = (index, at) => data[4 * (Math.floor(at / SIZE) * COUNT * SIZE + index * SIZE + (at % SIZE))];
  return Array.from({ length: COUNT }, (_, index) => Array.from({ length: SIZE * SIZE }, (__, at) => grayOf(index, at)));
}

/**
 * Numbers of 0 to 1, since the browser's own generator can't be seeded: a linear congruential generator with the constants
 * of W. Press and others, "Numerical Recipes".
 */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
