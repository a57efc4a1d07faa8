/** The numbers above a chart: at the place that is pointed at, else the latest. */

import { setText } from './dom.js';
import { UNKNOWN, whole } from './format.js';
import { nearest } from './series.js';

export function update(figure, { curves, cursor }, measure) {
  const part = (name) => figure.querySelector(`[data-part=${name}]`);
  if (!curves) return;
  const { format, key } = measure;
  const at = cursor ?? curves.full[1];
  const batch = nearest(curves.batchX, at);
  const lines = curves[key];
  const epoch = nearest(curves.epochX, at);
  const number = (column, row) => (row < 0 || column[row] === null ? UNKNOWN : format(column[row]));
  const texts = {
    batch: number(lines.batch, batch) + spread(lines, batch, format),
    train: number(curves.epochs[`train_${key}`], epoch),
    validation: number(curves.epochs[`val_${key}`], epoch),
    where: place(curves, batch, epoch, cursor === null),
  };
  for (const [name, text] of Object.entries(texts)) setText(part(name), text);
  const canvas = figure.querySelector('canvas');
  canvas.setAttribute('aria-valuemin', curves.full[0]);
  canvas.setAttribute('aria-valuemax', curves.full[1]);
  canvas.setAttribute('aria-valuenow', at);
  canvas.setAttribute('aria-valuetext', `${texts.where}: batches ${texts.batch}, training ${texts.train}, validation ${texts.validation}`);
}

/** Says what lies outside the scale. */
export function note(figure, { range }, { format, first }) {
  setText(figure.querySelector('[data-part=beyond]'), range.beyond === null ? '' : `${first} ${format(range.beyond)} lies outside this scale`);
}

function spread({ low, high }, row, format) {
  if (row < 0 || !low || low[row] === null || low[row] === high[row]) return '';
  return ` (${format(low[row])}–${format(high[row])})`;
}

function place({ batchX, steps, epochs, unit }, batch, epoch, latest) {
  const parts = [];
  if (latest) parts.push('Latest');
  if (batch >= 0) {
    if (unit === 'epoch') parts.push(`epoch ${batchX[batch].toFixed(2)}`);
    parts.push(`step ${whole(steps[batch])}`);
  }
  if (epoch >= 0) parts.push(`means of epoch ${whole(epochs.epoch[epoch])}`);
  const line = parts.join(' · ');
  return line.charAt(0).toUpperCase() + line.slice(1);
}
