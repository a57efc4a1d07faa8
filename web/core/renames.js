/** Renamed options, presets and JSON fields: former name to present name, as in digits/renames.py. */

import { record, text } from './values.js';

export const OPTIONS = {
  warm_up: 'warmup_steps',
  decay: 'cooldown',
  coarse: 'low_res',
  thickness: 'stroke_width',
  shift: 'translate',
  limit: 'train_limit',
  keep: 'keep_runs',
  outliers: 'outlier_ratio',
};
export const PRESETS = { course: 'textbook' };

/** The fields of `value` under their present names; one that is there under both names has the present one's value. */
export function withPresentNames(value, renames) {
  const entries = Object.entries(record(value));
  const [former, present] = [entries.filter(([name]) => Object.hasOwn(renames, name)), entries.filter(([name]) => !Object.hasOwn(renames, name))];
  return Object.fromEntries([...former.map(([name, entry]) => [renames[name], entry]), ...present]);
}

/** A run's options under their present names, the preset too. */
export function presentOptions(value) {
  const options = withPresentNames(value, OPTIONS);
  const preset = text(options.preset, 80);
  return Object.hasOwn(PRESETS, preset) ? { ...options, preset: PRESETS[preset] } : options;
}
