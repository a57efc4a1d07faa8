/** Points of the embedding in the plane of its drawing. */

/** @import {AnswerSet, Embedding, Positions} from '../core/artifact-types.js' */

/**
 * The positions of a set, and its predictions after the same epoch: of the test set at the end, else of the epoch, or the last one before it; null without any.
 * @param {Embedding} embedding
 * @param {AnswerSet[]} sets
 * @param {string} kind
 * @param {number | null} epoch null: the latest
 * @returns {{row: Positions, set: AnswerSet, at: Embedding['epochs'][number] | undefined} | null} `at`: the epoch of the projection
 */
export function rowOf({ epochs, test }, sets, kind, epoch) {
  const tested = sets.find((set) => set.kind === 'test');
  if (kind === 'test' && test && tested) return { row: test, set: tested, at: epochs.at(-1) };
  const row = epochs.findLast((one) => (epoch === null || one.epoch <= epoch) && sets.some((set) => set.epoch === one.epoch)) ?? null;
  const set = row && sets.find((one) => one.kind === 'validation' && one.epoch === row.epoch);
  return row && set ? { row, set, at: row } : null;
}

/** The largest coordinate after any epoch, so that the scale stays while the epochs pass. */
export function reachOf({ epochs, test }) {
  const rows = test ? [...epochs, test] : epochs;
  return Math.max(1e-9, ...rows.flatMap(({ x, y }) => [...x, ...y].map(Math.abs)));
}

/** From a coordinate to the drawing. */
const scaleOf = (reach, side, margin) => (value) => side / 2 + (value / reach) * (side / 2 - margin);

/** The place of any position in the drawing; at its edge if it is outside. */
export function placed([x, y], reach, side, margin) {
  const inside = (value) => Math.min(Math.max(value, -reach), reach);
  const scale = scaleOf(reach, side, margin);
  return { x: scale(inside(x)), y: scale(inside(-y)), isOutside: Math.max(Math.abs(x), Math.abs(y)) > reach };
}

/**
 * @param {Positions} row
 * @param {AnswerSet} set
 */
export function pointsOf({ index, x, y }, { labels, predictions }, reach, side, margin) {
  const scale = scaleOf(reach, side, margin);
  return index.flatMap((image, place) => (labels[image] === undefined ? [] : [{
    index: image,
    x: scale(x[place]),
    y: scale(-y[place]),
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
