/** What the curves say, in sentences: at most a handful, and none of a curve on which nothing deserves one. */

import { decimal, percent, whole } from '../core/format.js';

const PATIENCE = 3; // epochs without a better one, before that is worth a word
const WORSE = 1.05; // times the least validation loss: more than it swings by itself
const LEVEL = 0.02; // part by which losses may still fall on a plateau
const PLATEAU = 5; // epochs
const SPIKE = 5; // times the loss around it
const AROUND = 12; // buckets to either side of one
const STEADY = 5; // buckets of one rate, before and after it changed
const FALL = 0.05; // of validation accuracy: far more than chance
const CAUSES = ['lr changed', 'epochs changed', 'resumed']; // kinds of events that may make accuracy fall, the likeliest first
const START = 0.1; // first part of the batches, in which everything swings

/** Like the log's own events: {step, time, kind, text}, in the order of the steps. */
export function insightsOf(log) {
  const fall = fallOf(log);
  const others = [overfitting(log), !fall && best(log), plateau(log), spike(log), notFinite(log)];
  const found = [...rates(log), fall, ...others].filter(Boolean);
  const isTold = ({ kind }) => log.events.some((event) => event.kind === kind);
  return found.filter((insight) => !isTold(insight)).sort((a, b) => a.step - b.step);
}

/**
 * Validation loss rises from its least on, while training loss still falls: from there on it learns by heart. Not if more
 * and more is read rightly: smoothed labels make answers less sure, which costs loss and no digit.
 */
function overfitting({ epochs }) {
  const turn = least(epochs.val_loss);
  const late = epochs.val_loss.slice(turn + 1).filter((value) => value !== null);
  if (turn < 0 || late.length < PATIENCE) return null;
  const rises = late.slice(-PATIENCE).every((value) => value > WORSE * epochs.val_loss[turn]);
  const falls = epochs.train_loss.at(-1) !== null && epochs.train_loss.at(-1) < epochs.train_loss[turn] / WORSE;
  const read = epochs.val_accuracy;
  const reads = read[turn] !== null && Math.max(...read.slice(turn + 1)) > read[turn]; // null is none read rightly
  if (!rises || !falls || reads) return null;
  const [from, to] = [epochs.val_loss[turn], late.at(-1)].map(decimal);
  const text = `Overfitting begins after epoch ${whole(epochs.epoch[turn])}: since then validation loss rose from `
    + `${from} to ${to}, while training loss kept falling.`;
  return insight(epochs.step[turn], 'overfitting', text);
}

/** Whether a run's validation accuracy is far below its best; both null where unknown. */
export const hasFallen = (best, latest) => best !== null && latest !== null && best - latest >= FALL;

/** Validation accuracy is far below its best: since when, and with its likely `cause` {step, kind}, null if none is known. */
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

/** The event between two steps that most likely made accuracy fall: of changes of the learning rate that to the highest. */
function causeOf(log, from, to) {
  const changes = log.events.some(({ kind }) => kind === 'lr changed') ? log.events : [...log.events, ...rates(log)];
  const between = changes.filter(({ kind, step }) => CAUSES.includes(kind) && step !== null && step >= from && step <= to);
  const kind = CAUSES.find((one) => between.some((event) => event.kind === one));
  const likely = between.filter((event) => event.kind === kind);
  return likely.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0)).at(-1) ?? null;
}

/** The best validation accuracy lies well behind, and what came after is worse by more than chance. */
function best({ epochs, dataset }) {
  const top = greatest(epochs.val_accuracy);
  const last = epochs.val_accuracy.at(-1);
  if (top < 0 || last === null || epochs.epoch.length - 1 - top < PATIENCE) return null;
  const peak = epochs.val_accuracy[top];
  const images = dataset?.validation ?? 0;
  const chance = images ? 2 * Math.sqrt((2 * peak * (1 - peak)) / images) : 0.002;
  if (peak - last <= Math.max(chance, 1e-9)) return null;
  const text = `Epoch ${whole(epochs.epoch[top])} was the best: ${percent(peak)} of the validation images, `
    + `${percent(last)} after the latest.`;
  return insight(epochs.step[top], 'best', text);
}

/** For some epochs neither loss has fallen by more than a trace. */
function plateau({ epochs }) {
  const { train_loss: train, val_loss: validation } = epochs;
  const count = train.length;
  if (count <= PLATEAU || train.includes(null)) return null;
  let first = count - 1;
  while (first > 0 && level(train.slice(first - 1)) && level(validation.slice(first - 1))) first -= 1;
  if (count - 1 - first < PLATEAU) return null;
  const text = `A plateau since epoch ${whole(epochs.epoch[first])}: training loss stays at about `
    + `${decimal(train.at(-1))}.`;
  return insight(epochs.step[first], 'plateau', text);
}

/** Whether values, null where unknown, differ by no more than a trace; also if none is known. */
function level(values) {
  const known = values.filter((value) => value !== null);
  return Math.max(...known) <= Math.min(...known) * (1 + LEVEL);
}

/** A batch whose loss stands far above those around it. */
function spike({ batches }) {
  const peaks = batches.loss_max.map((peak, row) => peak ?? batches.loss[row]);
  let highest = null;
  let count = 0;
  for (let row = Math.ceil(START * peaks.length); row < peaks.length; row += 1) {
    if (peaks[row] === null) continue;
    const around = median(peaks.slice(Math.max(0, row - AROUND), row + AROUND + 1).filter((value) => value !== null));
    const times = peaks[row] / around;
    if (!(times >= SPIKE && peaks[row] - around > 0.5)) continue;
    if (!highest || row - highest.latest > AROUND) count += 1;
    if (!highest || times > highest.times) highest = { row, times, latest: row };
    highest.latest = row;
  }
  if (!highest) return null;
  const others = count > 1 ? `, the highest of ${whole(count)} spikes` : '';
  const text = `The loss of a batch rose to ${decimal(peaks[highest.row])}, `
    + `${whole(highest.times)} times that of its neighbours${others}.`;
  return insight(batches.step[highest.row], 'spike', text);
}

/** The rate goes from one level to another, the last three times; a ramp is no news. */
function rates({ batches: { lr, step } }) {
  const levelFrom = (row) => (new Set(lr.slice(row, row + STEADY)).size === 1 && row >= 0 && row + STEADY <= lr.length ? lr[row] : null);
  const changes = lr.flatMap((_, row) => {
    const [before, after] = [levelFrom(row - STEADY), levelFrom(row + 1)];
    const text = `The learning rate changed from ${decimal(before)} to ${decimal(after)}.`;
    return before && after && before !== after && lr[row] !== before ? [insight(step[row], 'lr changed', text)] : [];
  });
  return changes.slice(-3);
}

/** Batches without a finite loss; the trainer itself tells of the one that ends a run. */
function notFinite({ batches, events }) {
  const row = batches.loss.findIndex((value, at) => value === null && at > 0);
  if (row < 0 || events.some(({ kind }) => kind === 'diverged')) return null;
  return insight(batches.step[row], 'not finite', 'The loss was NaN or infinite here.');
}

const insight = (step, kind, text) => (step === null ? null : { step, time: null, kind, text });

const least = (column) => greatest(column.map((value) => (value === null ? null : -value)));

/** The row of the greatest of a column, the first of equals; -1 if none is known. */
export function greatest(column) {
  return column.reduce((high, value, row) => (value !== null && (high < 0 || value > column[high]) ? row : high), -1);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
