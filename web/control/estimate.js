/** An estimate of a run's duration from earlier runs of the same network. */

import { duration } from '../core/format.js';
import { planOf } from './schedule.js';
import { written } from './validation.js';

const PLAN = ['lr', 'warmup_steps', 'cooldown', 'epochs', 'steps', 'batch_size', 'train_limit', 'validation'];
const SAME = ['model', 'channels', 'device', 'threads']; // the options that affect the speed most; of these runs, those of the same preset come first
const MIN_SECONDS = 1; // of a run that is long enough for an estimate

/** @import {Run} from '../core/types.js' */

/**
 * Seconds that a run with `values`, one for each option, takes, and the run by which they are estimated; null if no run of its network is known.
 * @param {Run[]} runs the latest first
 * @param {any} values
 */
export function estimateOf(runs, values) {
  const plan = planOf(values);
  if (!plan) return null;
  const similar = runs.flatMap((run) => {
    const speed = speedOf(run, values);
    return speed === null ? [] : [{ run, speed, isSamePreset: new Map(run.config).get('preset') === values.preset }];
  });
  const best = similar.find(({ isSamePreset }) => isSamePreset) ?? similar[0];
  return best ? { seconds: (plan.total * values.batch_size) / best.speed, run: best.run } : null;
}

/** Training images per second, with validation; null for a run that says nothing about these values. */
function speedOf({ config, seconds, epochs }, values) {
  const known = new Map(config);
  const isSame = SAME.every((name) => known.get(name) === plain(values[name]));
  if (!isSame || seconds === null || seconds < MIN_SECONDS || !epochs) return null;
  /** @type {any} */
  const given = Object.fromEntries(PLAN.map((name) => [name, Number(known.get(name))]));
  const plan = planOf(given);
  return plan && (epochs * plan.images) / seconds;
}

/** A value as the list of runs has it. */
const plain = (value) => (value === null || value === undefined ? 'none' : written(value).replaceAll(',', ', '));

/** The estimate as a sentence. */
export function estimateText(runs, values) {
  const found = estimateOf(runs, values);
  if (!found) return 'The duration can be estimated after a first run of this network.';
  return `Takes about ${duration(found.seconds < 10 ? Math.ceil(found.seconds) : Math.round(found.seconds / 5) * 5, false)}, at the speed of \u201c${found.run.name}\u201d.`;
}
