/** From the log's columns to the points that the charts draw. */

import { insightsOf } from './insights.js';

/** Every curve of a log over one x axis, in epochs if the log allows it, else in steps. */
export function prepare(log) {
  const { batches, epochs } = log;
  const anchors = anchorsOf(log);
  const unit = anchors ? 'epoch' : 'step';
  const place = anchors ? placer(anchors) : (step) => step;
  const batchX = batches.step.map(place);
  const epochX = anchors ? epochs.epoch : epochs.step;
  const points = (xs, ys) => xs.flatMap((x, row) => (x === null || ys[row] === null ? [] : [{ x, y: ys[row] }]));
  // A mean over an epoch stands in the middle of that epoch, where the batches have about this value.
  const middles = epochX.map((x, row) => middle(x, row ? epochX[row - 1] : null, unit));
  const end = Math.max(batchX.at(-1) ?? 0, epochX.at(-1) ?? 0);
  return {
    unit,
    place,
    full: [anchors ? anchors[0][1] : 0, unit === 'epoch' ? Math.max(1, Math.ceil(end - 1e-9)) : Math.max(1, end)],
    steps: batches.step,
    batchX,
    epochX,
    epochs,
    loss: {
      batch: batches.loss,
      low: batches.loss_min,
      high: batches.loss_max,
      train: points(middles, epochs.train_loss),
      validation: points(epochX, epochs.val_loss),
    },
    accuracy: {
      batch: batches.accuracy,
      train: points(middles, epochs.train_accuracy),
      validation: points(epochX, epochs.val_accuracy),
    },
    events: happened(log).map((event) => ({ ...event, x: event.step === null ? null : place(event.step) })),
  };
}

/** What the trainer tells of and what the curves say, in the order of the steps; what has no step comes last. */
function happened(log) {
  const place = ({ step }) => step ?? Infinity;
  return [...log.events, ...insightsOf(log)].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
}

/** The index of the value nearest to x in ascending values; -1 when there are none. */
export function nearest(values, x) {
  let [low, high] = [0, values.length - 1];
  if (high < 0) return -1;
  while (low < high) {
    const half = (low + high) >> 1;
    if (values[half] < x) low = half + 1;
    else high = half;
  }
  return low > 0 && x - values[low - 1] <= values[low] - x ? low - 1 : low;
}

/** Pairs [step, epochs done by then], both ascending; null if the log doesn't tell. */
function anchorsOf({ batches, epochs, progress }) {
  const firstEpoch = Math.min(batches.epoch[0] ?? Infinity, epochs.epoch[0] ?? Infinity);
  if (firstEpoch === Infinity) return null;
  const anchors = [[0, firstEpoch - 1]];
  const add = (step, epoch) => {
    const [lastStep, lastEpoch] = anchors.at(-1);
    if (step > lastStep && epoch > lastEpoch) anchors.push([step, epoch]);
  };
  if (epochs.step.some((step) => step !== null)) {
    epochs.epoch.forEach((epoch, row) => add(epochs.step[row], epoch));
  } else {
    batches.epoch.forEach((epoch, row) => batches.epoch[row + 1] > epoch && add(batches.step[row], epoch));
  }
  const [step, epoch] = anchors.at(-1);
  const pace = progress.batches || (anchors.length > 1 ? step / (epoch - anchors[0][1]) : 0);
  if (!pace) return null;
  anchors.push([step + pace, epoch + 1]);
  return anchors;
}

/** Piecewise linear through the anchors, and on beyond the last. */
function placer(anchors) {
  return (step) => {
    let right = 1;
    while (right < anchors.length - 1 && anchors[right][0] < step) right += 1;
    const [fromStep, fromEpoch] = anchors[right - 1];
    const [toStep, toEpoch] = anchors[right];
    return fromEpoch + ((step - fromStep) / (toStep - fromStep)) * (toEpoch - fromEpoch);
  };
}

function middle(x, before, unit) {
  if (x === null) return null;
  return unit === 'epoch' ? x - 0.5 : (x + (before ?? 0)) / 2;
}
