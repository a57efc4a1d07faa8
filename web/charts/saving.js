/** Charts as files: the picture as it is shown, and its numbers. */

import { h } from '../core/dom.js';

/** The numbers behind one chart as CSV: a row for each bucket of batches, then one for each epoch. */
export function csvOf({ steps, batchX, epochX, epochs, unit, ...curves }, key) {
  const { batch, low, high } = curves[key];
  const at = (x) => (unit === 'step' ? [] : [x]);
  const rows = [['kind', 'step', ...at(unit), key, 'least', 'greatest', 'training', 'validation']];
  steps.forEach((step, row) => rows.push(['batches', step, ...at(batchX[row]), batch[row], low?.[row], high?.[row], '', '']));
  const [train, validation] = [epochs[`train_${key}`], epochs[`val_${key}`]];
  if (train) epochX.forEach((x, row) => rows.push(['epoch', epochs.step[row], ...at(x), '', '', '', train[row], validation[row]]));
  return `${rows.map((row) => row.join(',')).join('\n')}\n`;
}

/** Hand a file to the reader. */
export function save(blob, name) {
  const link = h('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A run's name as part of a file's name. */
export const fileName = (run, key, kind) => `${run.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60) || 'run'}-${key}.${kind}`;
