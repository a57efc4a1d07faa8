/** Ink and paper told apart: ink is what has another colour than the paper, whichever. */

import { FLAT, besidePaper, pick } from './paper.js';
import { quantile } from './quantile.js';

const BINS = 128;
const ALIKE = 1e-3; // of the same: values nearer than that are one
export const FAINT = 0.15; // of the ink's level: less is paper

/**
 * How much `ink` there is, 0 to 1, in each pixel of `colours` (height, width, 4): its distance from the paper, to that of
 * full ink. `inverted`: ink is darker than paper. `uneven`: paper may change its colour from place to place.
 */
export function inkOf(colours, uneven) {
  const { away: values, lighter } = besidePaper(colours, uneven);
  const threshold = otsu(values);
  const marked = values.map((value) => Number(value > threshold));
  const full = quantile(pick(values, marked), 0.75);
  if (!(full >= FLAT)) return { ink: { ...colours, values: values.fill(0) }, inverted: false };
  const light = pick(lighter, marked).reduce((sum, value) => sum + value, 0);
  const level = (value) => (value / full < FAINT ? 0 : Math.min(1, value / full));
  return { ink: { ...colours, values: values.map(level) }, inverted: light < 0 };
}

/** The value that parts `values` into two classes with the least variance inside each (N. Otsu, 1979). */
function otsu(values) {
  const { counts, low, high, step } = histogram(values);
  if (high - low < ALIKE) return high; // no value lies above it
  const middle = (bin) => low + (bin + 0.5) * step;
  const all = counts.reduce((sum, count, bin) => sum + count * middle(bin), 0);
  let [best, most, below, sum] = [0, -1, 0, 0];
  for (let bin = 0; bin < BINS; bin += 1) {
    below += counts[bin];
    sum += counts[bin] * middle(bin);
    const above = values.length - below;
    const between = above ? below * above * (sum / below - (all - sum) / above) ** 2 : 0;
    if (between > most) [best, most] = [bin, between];
  }
  return low + (best + 1) * step;
}

function histogram(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const step = (high - low) / BINS || 1;
  const counts = new Float64Array(BINS);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor((value - low) / step))] += 1;
  return { counts, low, high, step };
}
