/** Ranges of the axes. */

import { niceStep } from './scale.js';

const START = 0.2; // first fraction of the view that may exceed the scale: the initial steep fall would flatten the rest
const ORDINARY = 0.98; // quantile of the later batches that stays visible; a single spike may exceed the scale

/**
 * The y range of points {x, y} where small y is good. The start and single spikes may exceed it if the rest would be
 * flattened otherwise; `beyond` is then the largest y, else null. Of the `noisy` points (batches) any may exceed it, of
 * the `firm` ones (epochs) only those at the start.
 */
export function robustRange(noisy, firm, ceiling = Infinity) {
  const all = [...noisy, ...firm];
  if (!all.length) return { low: 0, high: 1, beyond: null };
  const [first, last] = extent(all, 'x');
  const settled = first + START * (last - first);
  const late = (point) => point.x >= settled;
  const batches = noisy.filter(late).map((point) => point.y).sort((a, b) => a - b);
  const ordinary = batches.length ? batches[Math.floor((batches.length - 1) * ORDINARY)] : -Infinity;
  const [lowest, highest] = extent(all, 'y');
  let top = firm.filter(late).reduce((most, point) => Math.max(most, point.y), ordinary);
  if (highest - lowest <= 2 * (top - lowest)) top = highest; // little exceeds it: show everything
  const step = niceStep((top - Math.min(lowest, 0)) / 5);
  const low = lowest >= 0 && lowest < top / 2 ? 0 : Math.floor(lowest / step) * step;
  const high = Math.min(ceiling, Math.max(Math.ceil((top / step) * 1.02) * step, low + step));
  return { low, high, beyond: highest > high ? highest : null };
}

/** The robust range of accuracies, computed on error rates. */
export function robustAccuracyRange(noisy, firm) {
  const error = ({ x, y }) => ({ x, y: 1 - y });
  const { low, high, beyond } = robustRange(noisy.map(error), firm.map(error), 1);
  return { low: 1 - high, high: 1 - low, beyond: beyond === null ? null : 1 - beyond };
}

/** From 0 to the maximum. */
export function fromZero(batches) {
  const [, most] = extent(batches, 'y');
  if (!(most > 0)) return { low: 0, high: 1, beyond: null };
  const step = niceStep(most / 4);
  return { low: 0, high: Math.ceil((most / step) * 1.02) * step, beyond: null };
}

/** The range of all points, for a logarithmic axis of the positive ones; null if there are none. */
export function wholeRange(batches, firm, logarithmic) {
  const all = [...batches, ...firm].filter(({ y }) => !logarithmic || y > 0);
  if (!all.length) return null;
  const [low, high] = extent(all, 'y');
  if (logarithmic) return high > low ? { low, high, beyond: null } : { low: low / 3, high: high * 3, beyond: null };
  const step = niceStep((high - Math.min(low, 0)) / 5);
  return { low: Math.min(0, Math.floor(low / step) * step), high: Math.max(step, Math.ceil((high / step) * 1.02) * step), beyond: null };
}

export function extent(points, key) {
  let low = Infinity;
  let high = -Infinity;
  for (const point of points) {
    low = Math.min(low, point[key]);
    high = Math.max(high, point[key]);
  }
  return [low, high];
}

/**
 * A view [from, to] clamped to `full` and no narrower than a thousandth of it; null if it covers all of it.
 * @param {number[]} view
 * @param {number[]} full
 * @returns {[number, number] | null}
 */
export function clampView([a, b], full) {
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  const length = full[1] - full[0];
  const width = Math.max(to - from, length / 1000);
  if (!(width < length)) return null;
  const start = Math.min(Math.max(from, full[0]), full[1] - width);
  return [start, start + width];
}

/** The view scaled by `factor` around `at`, which keeps its position. */
export function zoomAround([from, to], full, at, factor) {
  return clampView([at - (at - from) * factor, at + (to - at) * factor], full);
}
