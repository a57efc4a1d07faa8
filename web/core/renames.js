/** Renamed options, presets and JSON fields: former name to present name, as in digits/renames.py. */

import { record, text } from './values.js';

/** @type {Object<string, string>} */
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
/** @type {Object<string, string>} */
export const PRESETS = { course: 'textbook' };
export const FIELDS = { kept: 'pinned', deviation: 'std', energy_limit: 'ood_threshold', energy_limits: 'ood_thresholds' };

/**
 * The fields of `value` under their present names; one that is there under both names has the present one's value.
 *
 * @param {unknown} value
 * @param {Object<string, string>} renames
 * @returns {Object<string, any>}
 */
export function withPresentNames(value, renames) {
  const entries = Object.entries(record(value));
  const former = entries.filter(([name]) => Object.hasOwn(renames, name)).map(([name, entry]) => [renames[name], entry]);
  return Object.fromEntries([...former, ...entries.filter(([name]) => !Object.hasOwn(renames, name))]);
}

/**
 * A run's options under their present names, the preset too.
 *
 * @param {unknown} value
 */
export function presentOptions(value) {
  const options = withPresentNames(value, OPTIONS);
  const preset = text(options.preset, 80);
  return Object.hasOwn(PRESETS, preset) ? { ...options, preset: PRESETS[preset] } : options;
}
