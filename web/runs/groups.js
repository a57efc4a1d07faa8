/** Groups of runs with the same settings but the seed, and names that tell runs apart. */

import { minute } from '../core/format.js';
import { settingOf } from './fields.js';

/** @import {Run} from '../core/types.js' */

/** @typedef {{key: string, name: string, runs: Run[]}} Group */

/** Settings that do not affect the trained network; the data set is compared by the name that the run logged. */
export const IGNORED = new Set([
  'preset', 'name', 'results_dir', 'data_dir', 'keep_runs', 'quiet', 'checkpoint_every', 'samples', 'device', 'threads', 'deterministic',
  'pause_each_epoch', 'pause_on_fall', 'tensorboard',
]);
const SEED = 'seed';
const SEED_IN_NAME = /[,;]?\s*\bseeds?[ =:_-]?\d+\b/gi;
const MIN_PREFIX = 3; // letters of a name that several runs share

const keys = new WeakMap(); // run -> its group's key

/**
 * Equal for runs with the same settings but the seed; a run without settings has a key of its own.
 * @param {Run} run
 * @returns {string}
 */
export function groupKey(run) {
  if (!keys.has(run)) keys.set(run, keyOf(run));
  return keys.get(run);
}

/** @param {Run} run */
function keyOf({ runId, config, dataset }) {
  if (!config.length) return runId;
  const compared = config.filter(([name]) => name !== SEED && name !== 'dataset' && !IGNORED.has(name));
  return JSON.stringify([dataset, ...compared.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** @param {Run} run */
export const seedOf = (run) => settingOf(run, SEED);

/**
 * In the order of the first run of each; named after all of a group's runs in `listed`, so that its name is the same everywhere.
 * @param {Run[]} runs
 * @param {Run[]} [listed]
 * @returns {Group[]}
 */
export function groupsOf(runs, listed = runs) {
  const all = listed === runs ? null : gathered(listed, groupKey);
  return [...gathered(runs, groupKey)].map(([key, members]) => ({ key, name: commonName(all?.get(key) ?? members), runs: members }));
}

/**
 * The mean of a field for each seed, as runs of one seed are no independent repetitions; runs of unknown seed count singly.
 * @param {Run[]} runs
 * @param {(run: Run) => number | null} valueOf
 * @returns {Map<string, number>} in the order of the seeds
 */
export function bySeed(runs, valueOf) {
  /** @type {Map<string, number[]>} */
  const values = new Map();
  for (const run of runs) {
    const value = valueOf(run);
    if (value === null) continue;
    const seed = seedOf(run) ?? run.runId;
    values.set(seed, [...(values.get(seed) ?? []), value]);
  }
  const means = [...values].map(([seed, same]) => /** @type {[string, number]} */ ([seed, same.reduce((sum, one) => sum + one, 0) / same.length]));
  return new Map(means.sort(([a], [b]) => Number(a) - Number(b) || (a < b ? -1 : 1)));
}

/** @param {Run} run */
export const nameWithoutSeed = ({ name }) => name.replace(SEED_IN_NAME, '').trim() || name;

/** The name without the seed; where the runs' names differ further, their common prefix, else that of the first run. */
function commonName(runs) {
  const inTime = [...runs].sort((a, b) => (a.runId < b.runId ? -1 : 1));
  const named = inTime.filter(({ name }) => name.replace(SEED_IN_NAME, '').trim());
  const names = (named.length ? named : inTime).map(nameWithoutSeed);
  const [first] = names;
  if (names.every((name) => name === first)) return first;
  let length = 0;
  while (length < first.length && names.every((name) => name[length] === first[length])) length += 1;
  const prefix = first.slice(0, length).replace(/[\s,;:_-]+$/, '');
  return prefix.length >= MIN_PREFIX ? prefix : first;
}

/**
 * For runs whose name others have, too, what tells them apart: the seed, else the time of their start, else their id.
 * @param {Run[]} runs
 * @returns {Map<string, string>} by id; '' for a name that only one run has
 */
export function marksOf(runs) {
  const marks = new Map(runs.map(({ runId }) => [runId, '']));
  for (const same of gathered(runs, ({ name }) => name).values()) {
    if (same.length === 1) continue;
    const isDistinct = (choice) => new Set(same.map(choice)).size === same.length;
    const mark = MARKS.find(isDistinct) ?? (({ runId }) => runId);
    for (const run of same) marks.set(run.runId, mark(run));
  }
  return marks;
}

/** @type {((run: Run) => string)[]} */
const MARKS = [
  (run) => (seedOf(run) === null ? '' : `seed ${seedOf(run)}`),
  ({ startedAt }) => (startedAt === null ? '' : minute(startedAt)),
  ({ runId }) => runId.slice(-6),
];

/**
 * @template T
 * @param {T[]} items
 * @param {(item: T) => string} keyFor
 */
function gathered(items, keyFor) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) {
    const key = keyFor(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/**
 * The settings in which groups or runs differ, by name, with a value for each.
 * @param {Run[]} runs one of each group
 * @returns {[string, string[]][]}
 */
export function differing(runs) {
  const names = new Set(runs.flatMap(({ config }) => config.map(([name]) => name)));
  return [...names]
    .filter((name) => !IGNORED.has(name))
    .map((name) => /** @type {[string, string[]]} */ ([name, runs.map((run) => settingOf(run, name) ?? '–')]))
    .filter(([, [first, ...others]]) => others.some((value) => value !== first));
}
