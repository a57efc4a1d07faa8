/** Sparklines: a small curve without axes. */

import { h } from '../core/dom.js';

export const [WIDTH, HEIGHT] = [100, 24];

/**
 * The `d` of a path through values, null for gaps; `range` [low, high], else that of the values.
 * @param {(number | null)[]} values
 * @param {number[] | null} [range]
 */
export function pathOf(values, range = null) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return '';
  const [low, high] = range ?? [Math.min(...known), Math.max(...known)];
  const x = (place) => (values.length > 1 ? (place / (values.length - 1)) * WIDTH : WIDTH);
  const y = (value) => HEIGHT - 1 - ((value - low) / (high - low || 1)) * (HEIGHT - 2);
  let pen = 'M';
  return values.map((value, place) => {
    if (value === null) {
      pen = 'M';
      return '';
    }
    const command = `${pen}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
    return command;
  }).join('');
}

/** An <svg> that stretches over its box. */
export const sparkline = (values, range = null) => h(
  'svg', { class: 'sparkline', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
  h('path', { d: pathOf(values, range) }),
);
