/** The curves of the charts, computed from the log's columns. */

import { insightsOf } from '../core/insights.js';
import { gathered } from './bands.js';

/** @import {Curves, Log} from '../core/types.js' */

/** @type {[string, number, number][]} */
const UNITS = [['s', 1, 180], ['min', 60, 10800], ['h', 3600, Infinity]]; // name, its seconds, longest run in seconds

export const secondsIn = (unit) => UNITS.find(([name]) => name === unit)?.[1] ?? 1;

/**
 * All curves of a log over one x axis: epoch, step or time; step where the log lacks the columns for the other two.
 * @param {Log} log
 * @param {string} [axis]
 * @param {{log: Log, number: number, mark?: string, group: string | null}[]} [others] of a `group` together, unless it is null
 * @param {string | null} [group] of the log
 * @returns {Curves}
 */
export function prepare(log, axis = 'epoch', others = [], group = null) {
  return withOthers({ ...curvesOf(log, axisOf(log, axis)), group }, others, axis);
}

function curvesOf(log, { unit, place, start }) {
  const { batches, epochs } = log;
  const batchX = batches.step.map(place);
  const epochX = unit === 'epoch' ? epochs.epoch : epochs.step.map((step) => (step === null ? null : place(step)));
  // A mean over an epoch is drawn at the middle of that epoch, where the batches have about this value.
  const middles = epochX.map((x, row) => middle(x, row ? epochX[row - 1] : null, unit));
  const ofEpochs = (key) => ({ train: points(middles, epochs[`train_${key}`]), validation: points(epochX, epochs[`val_${key}`]) });
  const end = Math.max(batchX.at(-1) ?? 0, epochX.at(-1) ?? 0);
  const least = unit === 'epoch' ? Math.max(1, Math.ceil(end - 1e-9)) : Math.max(unit === 'step' ? 1 : 1e-3, end);
  return {
    unit,
    seed: log.config.find(([name]) => name === 'seed')?.[1],
    full: [start, least],
    steps: batches.step,
    batchX,
    epochX,
    epochs,
    loss: {
      batch: batches.loss,
      low: batches.loss_min,
      high: batches.loss_max,
      ...ofEpochs('loss'),
    },
    accuracy: { batch: batches.accuracy, ...ofEpochs('accuracy') },
    lr: { batch: batches.lr, train: [], validation: [] },
    throughput: { batch: batches.images_per_second, train: [], validation: [] },
    events: eventsOf(log).map((event) => ({ ...event, x: event.step === null ? null : place(event.step) })),
  };
}

/**
 * Points of the known values.
 * @param {(number | null)[]} xs
 * @param {(number | null)[]} ys
 * @returns {{x: number, y: number}[]}
 */
export function points(xs, ys) {
  return xs.flatMap((x, row) => {
    const y = ys[row];
    return x === null || y === null ? [] : [{ x, y }];
  });
}

/** Adds those of the other runs that have the same axis; the range covers the longest run. */
function withOthers(curves, others, axis) {
  const overlaid = others.flatMap(({ log, number, mark, group }) => {
    const ownAxis = axisOf(log, axis, curves.unit);
    return ownAxis.unit === curves.unit ? [{ name: log.name, number, mark, group, ...curvesOf(log, ownAxis) }] : [];
  });
  const full = [
    Math.min(curves.full[0], ...overlaid.map((one) => one.full[0])),
    Math.max(curves.full[1], ...overlaid.map((one) => one.full[1])),
  ];
  return { ...curves, full, others: gathered(curves, overlaid) };
}

/** `place` maps a step to its x; the axis begins at `start`. */
function axisOf(log, wanted, unitWanted = null) {
  const step = { unit: 'step', place: (value) => value, start: 0 };
  if (wanted === 'time') {
    const { step: steps, seconds } = log.batches;
    const known = points(steps, seconds);
    if (!known.length) return step;
    const longest = known[known.length - 1].y;
    const fits = ([name, , upTo]) => (unitWanted ? name === unitWanted : longest < upTo);
    const [unit, size] = UNITS.find(fits) ?? UNITS[0];
    const place = interpolator([[0, 0], ...known.map(({ x, y }) => [x, y])]);
    return { unit, place: (value) => place(value) / size, start: 0 };
  }
  const anchors = wanted === 'epoch' ? anchorsOf(log) : null;
  return anchors ? { unit: 'epoch', place: interpolator(anchors), start: anchors[0][1] } : step;
}

/** The log's events and the insights, ordered by step; those without a step come last. */
function eventsOf(log) {
  const place = ({ step }) => step ?? Number.MAX_VALUE;
  const all = [...log.events, ...insightsOf(log)].sort((a, b) => place(a) - place(b));
  const cause = all.find(({ kind }) => kind === 'accuracy fell')?.cause;
  return all.map((event) => (cause && event.kind === cause.kind && event.step === cause.step ? { ...event, isCause: true } : event));
}

/** Where the charts are read: at the cursor, else at the epoch that the scrubber chose; null: at the latest batch. */
export function placeOf({ curves, cursor, epoch }) {
  if (cursor !== null || epoch === null || !curves) return cursor;
  return curves.epochX[curves.epochs.epoch.findLastIndex((one) => one <= epoch)] ?? null;
}

/** The index of the value nearest to x in ascending values; -1 if there are none. */
export function nearest(values, x) {
  if (!values.length) return -1;
  const row = Math.min(values.length - 1, firstFrom(values, x));
  return row > 0 && x - values[row - 1] <= values[row] - x ? row - 1 : row;
}

/** The index of the first of ascending values that is not below x; their count if all are (lower bound). */
function firstFrom(values, x) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const half = (low + high) >> 1;
    if (values[half] < x) low = half + 1;
    else high = half;
  }
  return low;
}

/**
 * Pairs [step, epochs completed by then], both ascending; null if the log has neither.
 * @param {Log} log
 */
function anchorsOf({ batches, epochs, progress }) {
  const firstEpoch = Math.min(batches.epoch[0] ?? Infinity, epochs.epoch[0] ?? Infinity);
  if (firstEpoch === Infinity) return null;
  const anchors = [[0, firstEpoch - 1]];
  const latest = () => anchors[anchors.length - 1];
  const add = (step, epoch) => {
    if (step > latest()[0] && epoch > latest()[1]) anchors.push([step, epoch]);
  };
  if (epochs.step.some((step) => step !== null)) {
    epochs.epoch.forEach((epoch, row) => add(epochs.step[row], epoch));
  } else {
    batches.epoch.forEach((epoch, row) => (batches.epoch[row + 1] ?? 0) > (epoch ?? 0) && add(batches.step[row], epoch));
  }
  const [step, epoch] = latest();
  const stepsPerEpoch = progress.batches || (anchors.length > 1 ? step / (epoch - anchors[0][1]) : 0);
  if (!stepsPerEpoch) return null;
  anchors.push([step + stepsPerEpoch, epoch + 1]);
  return anchors;
}

/** Piecewise linear interpolation through two or more anchors, extrapolated beyond the last. */
function interpolator(anchors) {
  const steps = anchors.map(([step]) => step);
  return (step) => {
    const right = Math.min(anchors.length - 1, Math.max(1, firstFrom(steps, step)));
    const [fromStep, fromEpoch] = anchors[right - 1];
    const [toStep, toEpoch] = anchors[right];
    return fromEpoch + ((step - fromStep) / (toStep - fromStep)) * (toEpoch - fromEpoch);
  };
}

function middle(x, before, unit) {
  if (x === null) return null;
  return unit === 'epoch' ? x - 0.5 : (x + (before ?? 0)) / 2;
}
