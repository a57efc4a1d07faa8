/** Labels of a run's fields: one wording for the form, the settings, the list of runs, comparisons and tables. */

import { capital, exact } from './format.js';

const SPLITS = { train: 'Training', val: 'Validation', test: 'Test' };
/** Options and facts whose name is no label. @type {Object<string, string>} */
export const LABELS = {
  checkpoint_every: 'Checkpoint interval',
  dataset: 'Data set',
  device_name: 'Processor',
  ece: 'ECE',
  ece_calibrated: 'ECE, calibrated',
  ema: 'EMA decay',
  keep_runs: 'Runs kept',
  low_res: 'Low resolution',
  lr: 'Learning rate',
  norm: 'Normalization',
  outlier_ratio: 'Outliers per image',
  pause_on_fall: 'Pause when validation accuracy falls',
  results_dir: 'Results folder',
  data_dir: 'Data folder',
  sha256: 'SHA-256',
  synthetic_ratio: 'Synthetic digits per image',
  torch: 'PyTorch',
  torchvision: 'torchvision',
  train_limit: 'Limit of training images',
  validation: 'Validation images',
};
const FRACTIONS = /accuracy|accepted|precision|recall/; // metrics
const IDENTIFIERS = new Set(['seed', 'commit']); // numbers that count nothing

/** "Learning rate" of lr, "Batch size" of batch_size, "Validation loss" of val_loss. */
export function labelOf(name) {
  if (Object.hasOwn(LABELS, name)) return LABELS[name];
  const [first, ...rest] = name.split('_');
  const words = rest.join('_');
  if (!rest.length || !Object.hasOwn(SPLITS, first)) return capital(name.replaceAll('_', ' '));
  return `${SPLITS[first]} ${Object.hasOwn(LABELS, words) ? LABELS[words] : words.replaceAll('_', ' ')}`;
}

/** Whether a metric is displayed in percent. */
export const isFraction = (name) => FRACTIONS.test(name);

/** The value of a setting, which a log keeps as text: 60,000 for 60000. */
export function settingText(name, text) {
  const value = Number(text);
  return IDENTIFIERS.has(name) || String(value) !== text ? text : exact(value);
}
