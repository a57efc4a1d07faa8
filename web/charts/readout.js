/** The numbers above a chart: at the cursor, else the latest. */

import { h, parts, setText } from '../core/dom.js';
import { duration, plusMinus, tick, whole } from '../core/format.js';
import { nearest, placeOf, secondsIn } from './series.js';
import { swatch } from './swatch.js';

export function update(figure, state, measure) {
  const { curves, cursor } = state;
  if (!curves) return;
  const { format, key } = measure;
  const chosen = placeOf(state);
  const at = chosen ?? curves.full[1];
  const batch = nearest(curves.batchX, at);
  const lines = curves[key];
  const epoch = nearest(curves.epochX, at);
  const number = (column, row) => format(column?.[row] ?? null);
  const ofEpoch = epoch < 0 ? '' : `epoch ${whole(curves.epochs.epoch[epoch])}`;
  const texts = {
    batch: number(lines.batch, batch),
    spread: spread(lines, batch, format),
    train: number(curves.epochs[`train_${key}`], epoch),
    validation: number(curves.epochs[`val_${key}`], epoch),
    of: ofEpoch && `within ${ofEpoch}`,
    at: ofEpoch && `after ${ofEpoch}`,
    where: place(curves, batch, chosen === null),
    explain: cursor !== null && isNearTraining(lines, cursor) ? `${WITHIN} ${ofEpoch}` : '',
  };
  const shown = parts(figure);
  for (const [name, text] of Object.entries(texts)) {
    if (shown[name]) setText(shown[name], text);
  }
  readOthers(shown.others, curves, at, measure);
  const canvas = figure.querySelector('canvas');
  const { where, batch: here, train, validation } = texts;
  const epochs = shown.train ? `; ${ofEpoch}: training ${train}, validation ${validation}` : '';
  const ariaValueText = `${where}: batches ${here}${epochs}`;
  if (canvas.role === 'img') canvas.ariaLabel = `${measure.title}. ${ariaValueText}`;
  else Object.assign(canvas, { ariaValueMin: curves.full[0], ariaValueMax: curves.full[1], ariaValueNow: at, ariaValueText });
}

const WITHIN = 'Training: mean over the images as augmented, while the weights still changed, in';

/** Whether the cursor is at the training point of an epoch, which is drawn in its middle. */
function isNearTraining({ train, validation }, cursor) {
  const distance = (points) => Math.min(Infinity, ...points.map(({ x }) => Math.abs(x - cursor)));
  return distance(train) < distance(validation);
}

/** A line for each overlaid run. */
function readOthers(list, { others }, at, measure) {
  list.hidden = !others.length;
  list.replaceChildren(...others.map((other) => {
    const { name, number, count, mark } = other;
    const remark = count ? `n\u00a0=\u00a0${whole(count)}` : mark;
    return h('li', {}, swatch(number), h('span', {}, name), remark ? h('small', {}, remark) : false, h('b', {}, valueAt(other, at, measure)));
  }));
}

/** Of a group: mean and standard deviation. */
function valueAt({ bands, epochs, epochX, batchX, ...curves }, at, { key, format, formatSpread = format }) {
  const band = bands?.[key];
  if (band?.mean.length) {
    const row = nearest(band.mean.map(({ x }) => x), at);
    return plusMinus(format(band.mean[row].y), formatSpread(band.sds[row]));
  }
  return format(epochs[`val_${key}`]?.[nearest(epochX, at)] ?? curves[key].batch[nearest(batchX, at)] ?? null);
}

/** Notes values outside the scale. */
export function note(figure, { range }, { format, first }) {
  const isOutside = range.beyond !== null && (range.beyond > range.high || range.beyond < range.low);
  const text = isOutside ? `Off the scale: ${first.toLowerCase()} ${format(range.beyond)}` : '';
  setText(parts(figure).beyond, text);
}

function spread({ low, high }, row, format) {
  if ((low?.[row] ?? null) === null || low[row] === high[row]) return '';
  return `${format(low[row])} to ${format(high[row])}`;
}

function place({ batchX, steps, unit }, batch, latest) {
  if (batch < 0) return '';
  const step = `step ${whole(steps[batch])}`;
  const at = batchX[batch];
  const x = { epoch: `epoch ${tick(at, 2)} · `, step: '' }[unit] ?? `${duration(at * secondsIn(unit))} · `;
  return `${latest ? 'Latest: ' : ''}${x}${step}`;
}
