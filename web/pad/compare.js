/** A picture beside a surface of colours. */

import { places } from './surface.js';

/**
 * `factors` (6, 3) are those of `surfaceOf`. Of each pixel (height, width): how far `away` its colour is from the
 * surface's, the root of the mean square of red, green and blue, and how much `lighter` it is, their sum.
 */
export function compared({ height, width, values }, factors) {
  const [away, lighter] = [new Float64Array(height * width), new Float64Array(height * width)];
  const xs = places(width);
  let at = 0;
  for (const y of places(height)) {
    const [red, green, blue] = [0, 1, 2].map((channel) => alongRow(factors.map((factor) => factor[channel]), y));
    for (let column = 0; column < width; column += 1, at += 1) {
      const x = xs[column];
      const r = values[4 * at] - (red[0] + (red[1] + red[2] * x) * x);
      const g = values[4 * at + 1] - (green[0] + (green[1] + green[2] * x) * x);
      const b = values[4 * at + 2] - (blue[0] + (blue[1] + blue[2] * x) * x);
      away[at] = Math.sqrt((r * r + g * g + b * b) / 3);
      lighter[at] = r + g + b;
    }
  }
  return { away, lighter };
}

/** The factors of 1, x and x^2 in the row at y. */
const alongRow = ([one, x, down, xx, xy, yy], y) => [one + (down + yy * y) * y, x + xy * y, xx];
