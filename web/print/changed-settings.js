/** Settings of a run that differ from the defaults of its preset, network and optimizer. */

import { defaultsOf } from '../control/defaults.js';
import { settings } from '../core/contract.js';

/** @import {Log} from '../core/types.js' */
/** @import {parseOptions} from '../control/defaults.js' */

const OF_THE_MACHINE = new Set(['name', 'results_dir', 'data_dir', 'quiet']); // say nothing about the network
const RECIPE = ['preset', 'model', 'optimizer']; // on which the other defaults depend

/**
 * [name, value] of the changed settings; of all of them where the defaults are not known, as of another project's run.
 * @param {Pick<Log, 'config'>} log
 * @param {ReturnType<typeof parseOptions> | null} options of the server
 * @returns {{isChanged: boolean, entries: [string, string][]}}
 */
export function changedSettings({ config }, options) {
  const given = config.filter(([name, value]) => !OF_THE_MACHINE.has(name) && value !== '');
  const recipe = Object.fromEntries(config.filter(([name]) => RECIPE.includes(name)));
  if (!options || !recipe.preset) return { isChanged: false, entries: given };
  const plain = new Map(settings(defaultsOf(options, {})));
  const usual = new Map(settings(defaultsOf(options, recipe)));
  const entries = given.filter(([name, value]) => {
    const known = RECIPE.includes(name) ? plain : usual;
    return known.has(name) && known.get(name) !== value;
  });
  return { isChanged: true, entries };
}
