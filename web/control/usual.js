/** What each option of training is where nobody sets it, given preset, model and optimiser: as digits/options.py has it. */

const OWNED = { channels: 'model', dropout: 'model', norm: 'model', lr: 'optimizer' }; // by option: whose business it is

/** `chosen` has the options that somebody set; of these preset, model and optimizer change what is usual. */
export function usualOf({ options, presets, models }, chosen) {
  const plain = Object.fromEntries(options.map(({ name, default: value }) => [name, value]));
  const recipe = { ...plain, ...presets[chosen.preset ?? plain.preset]?.options };
  const owner = { model: chosen.model ?? recipe.model, optimizer: chosen.optimizer ?? recipe.optimizer };
  const own = { ...models[owner.model], lr: usualRate(options, owner.optimizer) };
  const others = Object.keys(OWNED).filter((name) => name in plain && (recipe[name] === null || owner[OWNED[name]] !== recipe[OWNED[name]]));
  return { ...recipe, ...Object.fromEntries(others.map((name) => [name, own[name] ?? null])) };
}

/** From "0.006; with sgd 0.1, with muon 0.01": the help is made from the one table that there is. */
function usualRate(options, optimizer) {
  const { shown = '' } = options.find(({ name }) => name === 'lr') ?? {};
  const rates = new Map([...shown.matchAll(/with (\w+) ([\d.e-]*\d)/g)].map(([, name, rate]) => [name, Number(rate)]));
  return rates.get(optimizer) ?? (Number.parseFloat(shown) || null);
}
