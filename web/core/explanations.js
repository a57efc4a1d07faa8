/** What is happening in a run, in sentences with the numbers behind them. */

import { counted, decimal, percent, whole } from './format.js';
import { greatest, insightsOf } from './insights.js';
import { isAlive } from './status.js';

/** @import {Liveness, Log} from './types.js' */

const RISE = 1.02; // times the least validation loss: above its fluctuation
const NEWS = ['accuracy fell', 'overfitting', 'plateau', 'best']; // insights worth a sentence here, the most important first

/**
 * The first sentence says where the run is, the others answer what its curves make a reader ask.
 * @param {Log} log
 * @param {Liveness | null} liveness
 * @returns {string[]}
 */
export function explanationsOf(log, liveness) {
  const insights = insightsOf(log).filter(({ kind }) => NEWS.includes(kind)).sort((a, b) => NEWS.indexOf(a.kind) - NEWS.indexOf(b.kind));
  const others = [risingLoss(log), insights[0]?.text ?? '', trainingBelowValidation(log)];
  return [standing(log, liveness), ...others].filter(Boolean);
}

/** Where the run is. */
function standing(log, liveness) {
  const { progress, epochs, test } = log;
  const of = progress.epochs ? ` of ${whole(progress.epochs)}` : '';
  const now = progress.epoch ? `epoch ${whole(progress.epoch)}${of}` : '';
  if (test) return tested(test);
  if (isAlive(liveness) && !epochs.epoch.length) return firstEpoch(log, now);
  const latest = latestAccuracy(epochs, of);
  const state = STATES[liveness ?? ''];
  return [state && now && `${state} in ${now}.`, latest].filter(Boolean).join(' ');
}

const STATES = {
  paused: 'Paused', stalled: 'No sign of life', stopped: 'Stopped', interrupted: 'Interrupted', failed: 'Failed', crashed: 'Crashed',
};

function tested({ accuracy, correct, total }) {
  if (!total || correct === null) return `Finished: ${percent(accuracy)} of the test images are classified correctly.`;
  return `Finished: ${percent(accuracy)} of ${whole(total)} test images are classified correctly, with ${counted(total - correct, 'mistake')}.`;
}

function firstEpoch({ batches, phase }, now) {
  const known = batches.loss.filter((loss) => loss !== null);
  if (!known.length) return `${phase ? `Now ${phase}` : 'Starting'}: the first numbers follow with the first batch.`;
  const recent = known.slice(-Math.max(1, Math.ceil(known.length / 10)));
  const mean = recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
  return `In ${now || 'the first epoch'} the training loss went from ${decimal(known[0])} to about ${decimal(mean)}; validation follows at the end of the epoch.`;
}

function latestAccuracy({ epoch, val_accuracy: accuracy, train_loss: loss }, of) {
  const row = accuracy.findLastIndex((value) => value !== null);
  if (row < 0) {
    const last = loss.findLastIndex((value) => value !== null);
    return last < 0 ? '' : `After epoch ${whole(epoch[last])}${of}, the training loss is ${decimal(loss[last])}.`;
  }
  const best = greatest(accuracy);
  const isFirst = accuracy.filter((value) => value !== null).length < 2;
  const rank = accuracy[row] === accuracy[best] ? ', the best so far' : `; the best was ${percent(accuracy[best])} after epoch ${whole(epoch[best])}`;
  return `After epoch ${whole(epoch[row])}${of}, ${percent(accuracy[row])} of the validation images are classified correctly${isFirst ? '' : rank}.`;
}

/** Validation loss rises while accuracy does, too: fewer mistakes at lower, or misplaced, confidence. */
function risingLoss({ epochs, config }) {
  const { epoch, val_loss: loss, val_accuracy: accuracy } = epochs;
  const last = loss.findLastIndex((value) => value !== null);
  const least = greatest(loss.map((value) => (value === null ? null : -value)));
  if (least < 0 || last <= least || loss[last] < RISE * loss[least]) return '';
  if (accuracy[last] === null || accuracy[least] === null || accuracy[last] < accuracy[least]) return '';
  const smoothing = Number(new Map(config).get('label_smoothing') ?? 0);
  const because = smoothing > 0
    ? `Label smoothing (${smoothing}) keeps the network from being certain, which costs loss on digits that it classifies correctly: this is not overfitting.`
    : 'The mistakes become fewer and the confidence in those that remain becomes higher.';
  return `Validation loss rose from ${decimal(loss[least])} after epoch ${whole(epoch[least])} to ${decimal(loss[last])}, while accuracy went from `
    + `${percent(accuracy[least])} to ${percent(accuracy[last])}. ${because}`;
}

/** @type {[string, (value: string) => string][]} options that make training images harder than those of validation */
const AUGMENTATIONS = [
  ['rotation', (value) => `rotation by up to ${value}°`],
  ['translate', (value) => `translation by ${value} pixels`],
  ['scale', (value) => `scaling by ${value}`],
  ['shear', (value) => `shear ${value}`],
  ['elastic', (value) => `elastic distortion of ${value} pixels`],
  ['stroke_width', () => 'other stroke widths'],
  ['low_res', () => 'lower resolution'],
];

/** Training accuracy is below validation: the two are not measured alike. */
function trainingBelowValidation({ epochs, config }) {
  const row = epochs.epoch.length - 1;
  const [train, validation] = [epochs.train_accuracy[row] ?? null, epochs.val_accuracy[row] ?? null];
  if (train === null || validation === null || train >= validation) return '';
  const options = new Map(config);
  const isOn = (name) => Number(options.get(name) ?? 0) > 0;
  const augmented = AUGMENTATIONS.filter(([name]) => isOn(name)).map(([name, text]) => text(options.get(name) ?? ''));
  const reasons = [
    augmented.length && `its images are augmented (${augmented.join(', ')})`,
    samplesHard(options, epochs.epoch[row]) && `images with a high loss are seen more often (hard examples ${options.get('hard_examples')})`,
    isOn('dropout') && `dropout (${options.get('dropout')}) is active`,
    'it is a mean over the epoch, while the weights still changed',
  ].filter(Boolean);
  const averaged = isOn('ema') ? ` Validation uses plain images and averaged weights (EMA ${options.get('ema')}).` : ' Validation uses plain images after the epoch.';
  return `Training accuracy (${percent(train)}) is below validation (${percent(validation)}), as expected: ${listed(reasons)}.${averaged}`;
}

/** Whether an epoch saw images with a high loss more often; the first never does. */
function samplesHard(options, epoch) {
  const fraction = Number(options.get('hard_examples') ?? 0);
  return fraction > 0 && fraction < 1 && epoch > 1;
}

const listed = (parts) => (parts.length > 1 ? `${parts.slice(0, -1).join(', ')}, and ${parts[parts.length - 1]}` : parts.join());
