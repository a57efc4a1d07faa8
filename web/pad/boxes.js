/** The boxes around the digits of a number, over the sheet. */

import { h } from '../core/dom.js';

/** @import {Digit} from './reading.js' */

/**
 * Fills `element`, which covers the sheet; returns a function that shows the boxes of several digits in a picture, which
 * is as large as the sheet allows, centered.
 * @param {HTMLElement} element
 * @returns {(digits: Digit[], picture?: {width: number, height: number}) => void}
 */
export function createBoxes(element) {
  return (digits, picture) => element.replaceChildren(...(digits.length > 1 && picture ? digits.map((digit) => boxOn(picture, digit)) : []));
}

function boxOn({ width, height }, { box, verdict }) {
  const side = Math.max(width, height);
  const [left, top, right, bottom] = box;
  const element = h('i', { 'data-status': verdict.status }, verdict.label);
  const percent = (pixels) => `${(100 * pixels) / side}%`;
  Object.assign(element.style, {
    left: percent(left + (side - width) / 2), top: percent(top + (side - height) / 2),
    width: percent(right - left), height: percent(bottom - top),
  });
  return element;
}
