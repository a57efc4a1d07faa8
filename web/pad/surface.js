/** A surface of second degree in x and y, as near as can be to some pixels of a picture: light on a page is like that. */

const TERMS = [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]; // powers of x and y
const NOTHING = 1e-9; // of a term is left beside the others: in a picture one pixel high y says nothing

/** From -1 to 1. */
export const places = (count) => Float64Array.from({ length: count }, (_, at) => (2 * at) / Math.max(1, count - 1) - 1);

/** (5, 14): y to the powers 0 to 4, times what `sumsOfRow` gives. */
export const noSums = () => Array.from({ length: 5 }, () => new Float64Array(14));

/** Adds the pixels of a picture (height, width, 4) to the sums, each as often as `times` (height, width) says. */
export function addTo(sums, { height, width, values }, times) {
  const xs = places(width);
  places(height).forEach((y, line) => {
    const row = sumsOfRow(values, times, line * width, xs);
    let power = 1;
    for (const sum of sums) {
      for (let at = 0; at < row.length; at += 1) sum[at] += row[at] * power;
      power *= y;
    }
  });
  return sums;
}

/** x to the powers 0 to 4, then red, green and blue times x to the powers 0 to 2. */
function sumsOfRow(values, times, start, xs) {
  const sums = new Float64Array(14);
  for (let column = 0; column < xs.length; column += 1) {
    let power = times[start + column];
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

/** The factors (6, 3) of the terms for red, green and blue by least squares; null if the pixels are too few. */
export function surfaceOf(sums) {
  if (sums[0][0] < 6 * TERMS.length) return null;
  return solved(TERMS.map(([p, q]) => [
    ...TERMS.map(([alsoP, alsoQ]) => sums[q + alsoQ][p + alsoP]),
    ...[5, 8, 11].map((channel) => sums[q][channel + p]),
  ]));
}

/** Rows of a symmetric left side (n, n) and right sides (n, 3) to the unknowns (n, 3), by Gauss and Jordan. */
function solved(rows) {
  const least = NOTHING * rows[0][0];
  for (let column = 0; column < rows.length; column += 1) {
    const scale = rows[column][column] > least ? 1 / rows[column][column] : 0;
    const pivot = rows[column].map((value) => value * scale);
    rows = rows.map((row, at) => (at === column ? pivot : row.map((value, place) => value - row[column] * pivot[place])));
  }
  return rows.map((row) => row.slice(rows.length));
}
