/** Least-squares fits of a quadratic surface to the colors of an image: light on a page varies like that. */

const TERMS = [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]; // powers of x and y
const SINGULAR = 1e-9; // relative pivot: in an image one pixel high y is not determined

/** Coordinates from -1 to 1. */
const coordinates = (count) => Float64Array.from({ length: count }, (_, at) => (2 * at) / Math.max(1, count - 1) - 1);

/** (5, 14): y to the powers 0 to 4, times the sums of a row. */
export const noSums = () => Array.from({ length: 5 }, () => new Float64Array(14));

/** Adds the pixels of an image (height, width, 4) to the sums, weighted by `weights` (height, width). */
export function accumulate(sums, { height, width, values }, weights) {
  const xs = coordinates(width);
  coordinates(height).forEach((y, line) => {
    const row = sumsOfRow(values, weights, line * width, xs);
    let power = 1;
    for (const sum of sums) {
      for (let at = 0; at < row.length; at += 1) sum[at] += row[at] * power;
      power *= y;
    }
  });
  return sums;
}

/** x to the powers 0 to 4, then red, green and blue times x to the powers 0 to 2. */
function sumsOfRow(values, weights, start, xs) {
  const sums = new Float64Array(14);
  for (let column = 0; column < xs.length; column += 1) {
    let power = weights[start + column];
    if (!power) continue;
    const at = (start + column) * 4;
    for (let p = 0; p < 5; p += 1) {
      sums[p] += power;
      if (p < 3) for (let channel = 0; channel < 3; channel += 1) sums[5 + 3 * channel + p] += power * values[at + channel];
      power *= xs[column];
    }
  }
  return sums;
}

/** The coefficients (6, 3) of the terms for red, green and blue; null if there are too few pixels. */
export function fitSurface(sums) {
  if (sums[0][0] < 6 * TERMS.length) return null;
  return solve(TERMS.map(([p, q]) => [
    ...TERMS.map(([alsoP, alsoQ]) => sums[q + alsoQ][p + alsoP]),
    ...[5, 8, 11].map((channel) => sums[q][channel + p]),
  ]));
}

/** Solves a symmetric system (n, n) with right sides (n, 3) for (n, 3) by Gauss-Jordan elimination. */
function solve(rows) {
  const least = SINGULAR * rows[0][0];
  for (let column = 0; column < rows.length; column += 1) {
    const scale = rows[column][column] > least ? 1 / rows[column][column] : 0;
    const pivot = rows[column].map((value) => value * scale);
    rows = rows.map((row, at) => (at === column ? pivot : row.map((value, place) => value - row[column] * pivot[place])));
  }
  return rows.map((row) => row.slice(rows.length));
}

/**
 * For each pixel (height, width): the `distance` of its color from the surface's, the root of the mean square over red,
 * green and blue, and how much `lighter` it is, their sum. `coefficients` (6, 3) are those of `fitSurface`.
 */
export function differences({ height, width, values }, coefficients) {
  const [distance, lighter] = [new Float64Array(height * width), new Float64Array(height * width)];
  const xs = coordinates(width);
  let at = 0;
  for (const y of coordinates(height)) {
    const [red, green, blue] = [0, 1, 2].map((channel) => alongRow(coefficients.map((term) => term[channel]), y));
    for (let column = 0; column < width; column += 1, at += 1) {
      const x = xs[column];
      const r = values[4 * at] - (red[0] + (red[1] + red[2] * x) * x);
      const g = values[4 * at + 1] - (green[0] + (green[1] + green[2] * x) * x);
      const b = values[4 * at + 2] - (blue[0] + (blue[1] + blue[2] * x) * x);
      distance[at] = Math.sqrt((r * r + g * g + b * b) / 3);
      lighter[at] = r + g + b;
    }
  }
  return { distance, lighter };
}

/** The coefficients of 1, x and x^2 in the row at y. */
const alongRow = ([one, x, down, xx, xy, yy], y) => [one + (down + yy * y) * y, x + xy * y, xx];
