/** Points of the embedding in the plane of its drawing. */

/** @import {AnswerSet, Embedding, Positions} from '../core/artifact-types.js' */

/**
 * The positions of a set, and its predictions after the same epoch: of the test set at the end, else of the epoch, or the last one before it; null without any.
 * @param {Embedding} embedding
 * @param {AnswerSet[]} sets
 * @param {string} kind
 * @param {number | null} epoch null: the latest
 * @returns {{row: Positions, set: AnswerSet} | null}
 */
export function rowOf({ epochs, test }, sets, kind, epoch) {
  const tested = sets.find((set) => set.kind === 'test');
  if (kind === 'test' && test && tested) return { row: test, set: tested };
  const row = epochs.findLast((one) => (epoch === null || one.epoch <= epoch) && sets.some((set) => set.epoch === one.epoch)) ?? null;
  const set = row && sets.find((one) => one.kind === 'validation' && one.epoch === row.epoch);
  return row && set ? { row, set } : null;
}

/** The largest coordinate after any epoch, so that the scale stays while the epochs pass. */
export function reachOf({ epochs, test }) {
  const rows = test ? [...epochs, test] : epochs;
  return Math.max(1e-9, ...rows.flatMap(({ x, y }) => [...x, ...y].map(Math.abs)));
}

/**
 * @param {Positions} row
 * @param {AnswerSet} set
 */
export function pointsOf({ index, x, y }, { labels, predictions }, reach, side, margin) {
  const placed = (value) => side / 2 + (value / reach) * (side / 2 - margin);
  return index.flatMap((image, place) => (labels[image] === undefined ? [] : [{
    index: image,
    x: placed(x[place]),
    y: placed(-y[place]),
    label: labels[image],
    isWrong: predictions[image] !== labels[image],
  }]));
}

/** The place of the point nearest to a position; -1 without points. */
export function nearestTo(points, x, y) {
  let [best, least] = [-1, Infinity];
  points.forEach((point, place) => {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance < least) [best, least] = [place, distance];
  });
  return best;
}
