/** The server's options, and the default of each, given preset, model and optimizer, as digits/config.py computes it. */

import { isRecord, list, record } from '../core/values.js';

/** The response to GET /options, complete and of the expected types. */
export function parseOptions(given) {
  return {
    options: list(given.options).filter(isRecord),
    presets: record(given.presets),
    models: record(given.models),
    default_lr: record(given.default_lr),
    owner: record(given.owner),
    fixed_args: list(given.fixed_args).filter((word) => typeof word === 'string'),
  };
}

/** `chosen` has the options that are set; of these, preset, model and optimizer change the defaults. */
export function defaultsOf({ options, presets, models, default_lr: defaultLr, owner: owners }, chosen) {
  const plain = Object.fromEntries(options.map(({ name, default: value }) => [name, value]));
  const recipe = { ...plain, ...presets[chosen.preset ?? plain.preset]?.options };
  const owner = { model: chosen.model ?? recipe.model, optimizer: chosen.optimizer ?? recipe.optimizer };
  const own = { ...models[owner.model], lr: defaultLr[owner.optimizer] };
  const unset = Object.keys(owners).filter((name) => name in plain && (recipe[name] === null || owner[owners[name]] !== recipe[owners[name]]));
  return { ...recipe, ...Object.fromEntries(unset.map((name) => [name, own[name] ?? null])) };
}
