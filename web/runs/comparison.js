/** The comparison of runs: its sides, each a group of seeds or a single run, and the tests of their difference. */

import { paired, predictionOf, welch } from '../core/statistics.js';
import { fieldsOf } from './fields.js';
import { bySeed, differing, groupKey, groupsOf, marksOf, seedOf } from './groups.js';
import { isShownRun, numbersOf } from './slots.js';

/** @import {State} from '../core/state-types.js' */
/** @import {Comparison} from '../core/statistics.js' */
/** @import {Run} from '../core/types.js' */
/** @import {Field} from './fields.js' */

/**
 * @typedef {object} Side
 * @property {string} key
 * @property {string} name
 * @property {number} number of its color; 0: the shown run's
 * @property {Run[]} runs
 * @property {[string, string][]} chips settings in which the sides differ
 */

/**
 * @typedef {object} Result of b compared with a
 * @property {'paired' | 'welch' | 'single run' | 'two runs' | 'unknown'} kind
 * @property {number[]} a one value for each seed
 * @property {number[]} b
 * @property {Comparison | null} test of b minus a, or of the single run against the range of the others
 * @property {{low: number, high: number} | null} range in which another run of the larger side is expected
 */

/** Preferred results, the best evidence first. */
const PREFERRED = ['test_accuracy', 'val_accuracy', 'val_loss', 'train_loss'];

/**
 * The shown and the overlaid runs, the earliest first. Two runs of one group are compared with one another.
 * @param {State} state
 * @returns {Side[]}
 */
export function sidesOf({ runs, overlay, shown, list, others, log }) {
  const logs = new Map([...others.map((other) => other.log), ...(log ? [log] : [])].map((one) => [one.runId, one]));
  const isCompared = (run) => overlay.includes(run.runId) || isShownRun(run, shown);
  const compared = runs.filter(isCompared).map((run) => (run.config.length ? run : { ...run, config: logs.get(run.runId)?.config ?? [] }));
  const ordered = compared.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
  const groups = list.isGrouped ? groupsOf(ordered, runs) : [];
  const isSplit = !list.isGrouped || (groups.length === 1 && ordered.length === 2);
  const numbers = numbersOf(overlay, runs, !isSplit);
  const marks = marksOf(runs);
  const parts = isSplit ? ordered.map((run) => ({ key: run.runId, name: run.name, runs: [run] })) : groups;
  return withChips(parts.map((part) => ({ ...part, name: nameOf(part, parts, marks), number: numberOf(part, numbers), chips: [] })));
}

function nameOf(part, parts, marks) {
  const isAlone = parts.every((other) => other === part || other.name !== part.name);
  const mark = marks.get(part.runs[0].runId);
  return isAlone || !mark ? part.name : `${part.name} (${mark})`;
}

const numberOf = ({ runs }, numbers) => runs.map(({ runId }) => numbers.get(runId)).find((number) => number) ?? 0;

/** @param {Side[]} sides */
function withChips(sides) {
  const isOfSeeds = sides.some(({ runs }) => runs.length > 1);
  const settings = differing(sides.map(({ runs }) => runs[0])).filter(([name]) => !isOfSeeds || name !== 'seed');
  return sides.map((side, index) => ({ ...side, chips: settings.map(([name, values]) => /** @type {[string, string]} */ ([name, values[index]])) }));
}

/**
 * Ids of the listed runs with the settings of a side that are not compared yet.
 * @param {Side} side
 * @param {State} state
 */
export function furtherRuns({ runs: [first] }, { runs, overlay, shown }) {
  const isCompared = (run) => overlay.includes(run.runId) || isShownRun(run, shown);
  return runs.filter((run) => groupKey(run) === groupKey(first) && !run.hidden && !isCompared(run)).map(({ runId }) => runId);
}

/**
 * The side that others are compared with: the earliest of those that were checked, if there are several, else of all.
 * @param {Side[]} sides
 * @param {string[]} overlay
 */
export function baselineOf(sides, overlay) {
  const checked = sides.filter(({ runs }) => runs.some(({ runId }) => overlay.includes(runId)));
  return (checked.length > 1 ? checked : sides)[0];
}

/**
 * The results that at least one run of each side has, and the one to begin with.
 * @param {Side[]} sides
 */
export function resultsOf(sides) {
  const fields = [...fieldsOf(sides.flatMap(({ runs }) => runs)).values()];
  const isKnown = (field) => sides.every(({ runs }) => runs.some((run) => field.valueOf(run) !== null));
  const known = fields.filter((field) => (field.kind === 'metric' || field.key === 'best_val_accuracy') && isKnown(field));
  const first = PREFERRED.map((key) => known.find((field) => field.key === key)).find((field) => field);
  return { fields: known, first: first ?? known[0] ?? null };
}

/**
 * @param {Side} side
 * @param {Field} field
 * @returns {Map<string, number>} the value of each seed
 */
export const valuesOf = ({ runs }, field) => bySeed(runs, (run) => /** @type {number | null} */ (field.valueOf(run)));

/**
 * Paired by seed where the side of fewer seeds has only seeds of the other: then only these count.
 * @param {Side} sideA
 * @param {Side} sideB
 * @param {Field} field
 * @returns {Result}
 */
export function compare(sideA, sideB, field) {
  const [forA, forB] = [valuesOf(sideA, field), valuesOf(sideB, field)];
  const [a, b] = [[...forA.values()], [...forB.values()]];
  const fewest = Math.min(a.length, b.length);
  if (!fewest) return { kind: 'unknown', a, b, test: null, range: null };
  if (fewest === 1 && a.length === b.length) return { kind: 'two runs', a, b, test: null, range: null };
  if (fewest === 1) return { kind: 'single run', a, b, test: null, range: predictionOf(a.length > 1 ? a : b) };
  const seeds = new Set([...sideA.runs, ...sideB.runs].map(seedOf));
  const shared = [...forA.keys()].filter((seed) => forB.has(seed) && seeds.has(seed));
  if (shared.length < fewest) return { kind: 'welch', a, b, test: welch(a, b), range: null };
  const [ofA, ofB] = [forA, forB].map((values) => shared.map((seed) => values.get(seed) ?? NaN));
  return { kind: 'paired', a: ofA, b: ofB, test: paired(ofA, ofB), range: null };
}
