/** Separation of ink and background: ink is every pixel that differs in color from the background. */

import { FLAT, pick, relativeToBackground } from './background.js';
import { quantile } from './quantile.js';

const BINS = 128;
const ALIKE = 1e-3; // relative to the difference between black and white: smaller differences are ignored
export const FAINT = 0.15; // of the ink's level: less is background

/**
 * The `ink`, 0 to 1, of each pixel of `colors` (height, width, 4): its distance from the background relative to that of
 * full ink. `inverted`: the ink is darker than the background. `isUneven`: the background may vary in color.
 */
export function inkOf(colors, isUneven) {
  const { distance: values, lighter } = relativeToBackground(colors, isUneven);
  const threshold = inkThreshold(values);
  const isInk = values.map((value) => Number(value > threshold));
  const full = quantile(pick(values, isInk), 0.75);
  if (!(full >= FLAT)) return { ink: { ...colors, values: values.fill(0) }, inverted: false };
  const light = pick(lighter, isInk).reduce((sum, value) => sum + value, 0);
  const level = (value) => (value / full < FAINT ? 0 : Math.min(1, value / full));
  return { ink: { ...colors, values: values.map(level) }, inverted: light < 0 };
}

/** The threshold that splits `values` into two classes of least variance (N. Otsu, 1979). */
export function inkThreshold(values) {
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
