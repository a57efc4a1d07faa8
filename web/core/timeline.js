/** The epochs of a run as the scrubber walks through them, and the data kept of each. */

import { whole } from './format.js';

/** @import {AnswerSet} from './artifact-types.js' */
/** @import {Log} from './types.js' */

/**
 * The place of the chosen epoch among those of the log: of the last one up to it; null is the latest.
 * @param {number[]} epochs ascending
 * @param {number | null} epoch
 */
export function placeIn(epochs, epoch) {
  if (epoch === null) return epochs.length - 1;
  return Math.max(0, epochs.findLastIndex((one) => one <= epoch));
}

/** The epoch at a place; null, which follows a live run, at the last. */
export const epochAt = (epochs, place) => (place >= epochs.length - 1 ? null : epochs[Math.max(0, place)]);

/** The place that a replay of `seconds` has reached after `elapsed` of them. */
export const replayed = (epochs, elapsed, seconds) => Math.min(epochs.length - 1, Math.floor((elapsed / seconds) * epochs.length));

/**
 * The row kept for the chosen epoch: the last one up to it; null if all are later.
 * @template {{epoch: number | null}} Row
 * @param {Row[]} rows
 * @param {number | null} epoch
 * @returns {Row | null}
 */
export function keptAt(rows, epoch) {
  if (epoch === null) return rows[rows.length - 1] ?? null;
  return rows.findLast((row) => (row.epoch ?? Infinity) <= epoch) ?? null;
}

/** A sentence about the epoch that is shown instead of the chosen one; empty if that was kept. */
export function insteadOf(what, wanted, kept) {
  if (wanted === null || wanted === kept) return '';
  return kept === null ? `${what} of epoch ${whole(wanted)} are not kept.` : `${what} of epoch ${whole(wanted)} are not kept: these are of epoch ${whole(kept)}.`;
}

/** "Test set", "Validation after epoch 4" */
export const titleOfSet = ({ kind, epoch }) => (kind === 'test' ? 'Test set' : `Validation after epoch ${whole(epoch)}`);

/**
 * The answers to show, and a sentence where they are not those that were asked for.
 * @param {AnswerSet[]} sets
 * @param {'validation' | 'test'} kind
 * @param {number | null} epoch
 * @returns {{set: AnswerSet | null, note: string}}
 */
export function answersAt(sets, kind, epoch) {
  const of = (one) => sets.filter((set) => set.kind === one);
  if (kind === 'test' && of('test').length) {
    return { set: of('test')[0], note: epoch === null ? '' : 'The test set is evaluated once, after training: it has no earlier epochs.' };
  }
  const validation = of('validation');
  if (!validation.length) return { set: of('test')[0] ?? null, note: 'This run has predictions for the test set only.' };
  const set = keptAt(validation, epoch) ?? validation[0];
  const missing = kind === 'test' ? 'The test set is evaluated at the end: these are the validation images.' : '';
  return { set, note: missing || insteadOf('Predictions', epoch, set.epoch) };
}

/**
 * The log as it was after the chosen epoch, before the test; the same where that is the latest.
 * @param {Log} log
 * @param {number | null} epoch
 * @returns {Log}
 */
export function logAt(log, epoch) {
  if (epoch === null || !log.epochs.epoch.length) return log;
  const rows = placeIn(log.epochs.epoch, epoch) + 1;
  if (rows === log.epochs.epoch.length) return log;
  const step = log.epochs.step[rows - 1] ?? 0;
  const batches = log.batches.step.findLastIndex((one) => one <= step) + 1;
  return {
    ...log,
    epochs: firstRows(log.epochs, rows),
    batches: firstRows(log.batches, batches),
    progress: { ...log.progress, epoch: log.epochs.epoch[rows - 1] },
    test: null,
    updatedAt: null,
  };
}

/** @type {(columns: any, rows: number) => any} */
const firstRows = (columns, rows) => Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, column.slice(0, rows)]));
