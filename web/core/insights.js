/** Insights: notable features of the curves, as sentences like the log's own events. */

import { decimal, percent, rate, whole } from './format.js';

/** @import {Log, LogEvent} from './types.js' */

const PATIENCE = 3; // epochs without improvement
const WORSE = 1.05; // times the minimum validation loss: above its usual fluctuation
const LEVEL = 0.02; // fraction by which losses may vary on a plateau
const PLATEAU = 5; // epochs
const SPIKE = 5; // times the median loss of its neighbors
const AROUND = 12; // neighbors on either side, in buckets
const STEADY = 5; // buckets of constant learning rate before and after a change
const FALL = 0.05; // of validation accuracy: far above its sampling noise
const CAUSES = ['lr changed', 'epochs changed', 'resumed']; // kinds of events that can make accuracy fall, the likeliest first
const START = 0.1; // first fraction of the batches, where losses fluctuate strongly

/**
 * Ordered by step; without kinds that the log's own events have.
 * @param {Log} log
 * @returns {LogEvent[]}
 */
export function insightsOf(log) {
  const fall = fallOf(log);
  const others = [overfitting(log), !fall && bestEpoch(log), plateau(log), spike(log), notFinite(log)];
  const found = [...rates(log), fall, ...others].filter((one) => one !== null && one !== false);
  const isLogged = ({ kind }) => log.events.some((event) => event.kind === kind);
  return found.filter((one) => !isLogged(one)).sort((a, b) => a.step - b.step);
}

/**
 * Validation loss rises from its minimum while training loss keeps falling. Not if validation accuracy still improves:
 * label smoothing lowers confidence, which raises the loss without any further mistake.
 */
function overfitting({ epochs }) {
  const turn = least(epochs.val_loss);
  const late = epochs.val_loss.slice(turn + 1).filter((value) => value !== null);
  if (turn < 0 || late.length < PATIENCE) return null;
  const rises = late.slice(-PATIENCE).every((value) => value > WORSE * epochs.val_loss[turn]);
  const falls = epochs.train_loss.at(-1) !== null && epochs.train_loss.at(-1) < epochs.train_loss[turn] / WORSE;
  const accuracy = epochs.val_accuracy;
  const improves = accuracy[turn] !== null && Math.max(...accuracy.slice(turn + 1).map((value) => value ?? 0)) > accuracy[turn];
  if (!rises || !falls || improves) return null;
  const [from, to] = [epochs.val_loss[turn], late.at(-1)].map(decimal);
  const text = `Overfitting begins after epoch ${whole(epochs.epoch[turn])}: since then validation loss rose from `
    + `${from} to ${to}, while training loss kept falling.`;
  return insight(epochs.step[turn], 'overfitting', text);
}

/**
 * Whether a run's validation accuracy is far below its best; null: unknown.
 * @param {number | null} best
 * @param {number | null} latest
 */
export const hasFallen = (best, latest) => best !== null && latest !== null && best - latest >= FALL;

/**
 * Validation accuracy is far below its best: since when, and the likely `cause`, if any.
 * @param {Log} log
 * @returns {(LogEvent & {cause: LogEvent | null}) | null}
 */
export function fallOf(log) {
  const { epoch, step, val_accuracy: accuracy } = log.epochs;
  const top = greatest(accuracy);
  const last = accuracy.findLastIndex((value) => value !== null);
  if (top < 0 || !hasFallen(accuracy[top], accuracy[last])) return null;
  const before = accuracy.findLastIndex((value) => value !== null && !hasFallen(accuracy[top], value));
  const first = accuracy.findIndex((value, row) => row > before && value !== null);
  const text = `Validation accuracy fell from ${percent(accuracy[top])} after epoch ${whole(epoch[top])} to `
    + `${percent(accuracy[last])} after epoch ${whole(epoch[last])}.`;
  const cause = causeOf(log, step[top] ?? 0, step[first] ?? Infinity);
  const because = cause ? ` Likely cause, at step ${whole(cause.step)}: ${cause.text.replace(/\.$/, '')}.` : '';
  const fall = insight(step[first], 'accuracy fell', text + because);
  return fall && { ...fall, cause };
}

/**
 * The event between two steps that most likely made accuracy fall: of learning-rate changes the one to the highest rate.
 * @param {Log} log
 * @param {number} from
 * @param {number} to
 * @returns {LogEvent | null}
 */
function causeOf(log, from, to) {
  const changes = log.events.some(({ kind }) => kind === 'lr changed') ? log.events : [...log.events, ...rates(log)];
  const between = changes.filter(({ kind, step }) => CAUSES.includes(kind) && step !== null && step >= from && step <= to);
  const kind = CAUSES.find((one) => between.some((event) => event.kind === one));
  const likely = between.filter((event) => event.kind === kind);
  return likely.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0)).at(-1) ?? null;
}

/** The best validation accuracy was epochs ago, and the latest is lower by more than two standard errors. */
function bestEpoch({ epochs, dataset }) {
  const top = greatest(epochs.val_accuracy);
  const last = epochs.val_accuracy.at(-1);
  if (top < 0 || last === null || epochs.epoch.length - 1 - top < PATIENCE) return null;
  const peak = epochs.val_accuracy[top];
  const images = dataset?.validation ?? 0;
  const noise = images ? 2 * Math.sqrt((2 * peak * (1 - peak)) / images) : 0.002;
  if (peak - last <= Math.max(noise, 1e-9)) return null;
  const text = `Epoch ${whole(epochs.epoch[top])} was the best with a validation accuracy of ${percent(peak)}; the latest has ${percent(last)}.`;
  return insight(epochs.step[top], 'best', text);
}

/** For several epochs neither loss has changed by more than LEVEL. */
function plateau({ epochs }) {
  const { train_loss: train, val_loss: validation } = epochs;
  const count = train.length;
  if (count <= PLATEAU || train.includes(null)) return null;
  let first = count - 1;
  while (first > 0 && level(train.slice(first - 1)) && level(validation.slice(first - 1))) first -= 1;
  if (count - 1 - first < PLATEAU) return null;
  const text = `Plateau since epoch ${whole(epochs.epoch[first])}: training loss stays at about ${decimal(train[count - 1])}.`;
  return insight(epochs.step[first], 'plateau', text);
}

/** Whether the known values differ by at most LEVEL; true if none is known. */
function level(values) {
  const known = values.filter((value) => value !== null);
  return Math.max(...known) <= Math.min(...known) * (1 + LEVEL);
}

/** The batch whose loss is most times the median of its neighbors'. */
function spike({ batches }) {
  const spikes = spikesOf(batches.loss_max.map((peak, row) => peak ?? batches.loss[row]));
  if (!spikes.length) return null;
  const highest = spikes.reduce((most, one) => (one.ratio > most.ratio ? one : most));
  const count = spikes.filter(({ row }, index) => !index || row - spikes[index - 1].row > AROUND).length;
  const others = count > 1 ? `, the highest of ${whole(count)} spikes` : '';
  const text = `The loss of a batch rose to ${decimal(highest.peak)}, ${whole(highest.ratio)} times that of its neighbors${others}.`;
  return insight(batches.step[highest.row], 'spike', text);
}

/** {row, peak, ratio} of each bucket that stands far above its neighbors. */
function spikesOf(peaks) {
  return peaks.flatMap((peak, row) => {
    if (peak === null || row < START * peaks.length) return [];
    const median = medianOf(peaks.slice(Math.max(0, row - AROUND), row + AROUND + 1).filter((value) => value !== null));
    return peak / median >= SPIKE && peak - median > 0.5 ? [{ row, peak, ratio: peak / median }] : [];
  });
}

/** The last three changes of the learning rate from one constant level to another; ramps do not count. */
function rates({ batches: { lr, step } }) {
  const levelFrom = (row) => (new Set(lr.slice(row, row + STEADY)).size === 1 && row >= 0 && row + STEADY <= lr.length ? lr[row] : null);
  const changes = lr.flatMap((_, row) => {
    const [before, after] = [levelFrom(row - STEADY), levelFrom(row + 1)];
    const text = `The learning rate changed from ${rate(before)} to ${rate(after)}.`;
    return before && after && before !== after && lr[row] !== before ? [insight(step[row], 'lr changed', text)] : [];
  });
  return changes.slice(-3);
}

/** Batches without a finite loss; the trainer's own event covers the one that ends a run. */
function notFinite({ batches, events }) {
  const row = batches.loss.findIndex((value, at) => value === null && at > 0);
  if (row < 0 || events.some(({ kind }) => kind === 'diverged')) return null;
  return insight(batches.step[row], 'not finite', 'The loss was NaN or infinite here.');
}

/** @returns {LogEvent | null} */
const insight = (step, kind, text) => (step === null ? null : { step, time: null, kind, text });

const least = (column) => greatest(column.map((value) => (value === null ? null : -value)));

/**
 * The row of the maximum, the first of equals; -1 if no value is known.
 * @param {(number | null)[]} column
 */
export function greatest(column) {
  let high = -1;
  column.forEach((value, row) => {
    if (value !== null && (high < 0 || value > (column[high] ?? 0))) high = row;
  });
  return high;
}

function medianOf(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
