/** The settings of a run as the form and the server take them. */

import { defaultsOf } from './defaults.js';
import { different } from './validation.js';

/**
 * The values of `config`, as a log has them, that can be set on the page and differ from their defaults. An automatic
 * name, which begins with the model, is left out: it would contradict settings that are changed afterwards.
 */
export function settingsOf(schema, config) {
  const values = schema.options.map(({ name, before }) => [name, config[name] ?? before]); // before the option existed
  const known = Object.fromEntries(values.filter(([, value]) => value !== null && value !== undefined));
  if (String(known.name).startsWith(known.model)) delete known.name;
  return different(known, defaultsOf(schema, known));
}
