/** Validation of entered options, and their form on the command line. */

import { exact, whole } from '../core/format.js';

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** A value of an option as text in its field. */
export const written = (value) => (value === null || value === undefined ? '' : Array.isArray(value) ? value.join(',') : String(value));

/** The inverse, for a valid text. */
export function valueOf({ kind }, text) {
  if (kind === 'int' || kind === 'float') return Number(text);
  return kind === 'channels' ? text.split(',').map(Number) : text.trim();
}

/**
 * Why a text is not a valid value of the option, as a sentence; empty if it is valid.
 * @param {any} option
 * @param {string} text
 * @param {{model?: string, convolutions?: number}} [context]
 */
export function problemOf(option, text, context = {}) {
  const { kind, choices, max_length: longest } = option;
  if (kind === 'int' || kind === 'float') return numberProblem(option, text.trim());
  if (kind === 'choice') return choices.includes(text) ? '' : `Choose one of ${choices.join(', ')}.`;
  if (kind === 'channels') return channelsProblem(option, text, context);
  if (kind === 'text' && ((longest && [...text].length > longest) || UNPRINTABLE.test(text) || !text.trim())) {
    return `One line of 1 to ${whole(longest ?? 80)} characters.`;
  }
  return '';
}

/**
 * @param {any} option
 * @param {string} text
 * @param {{model?: string, convolutions?: number}} context
 */
function channelsProblem(option, text, { model, convolutions }) {
  const counts = text.split(',').map((part) => part.trim());
  const problem = counts.map((count) => numberProblem({ ...option, kind: 'int' }, count)).find(Boolean);
  if (problem) return `Whole numbers ${limitsOf(option)}, with commas between them.`;
  return !convolutions || counts.length === convolutions ? '' : `${model} has ${convolutions} convolutions: this is ${counts.length}.`;
}

function numberProblem(option, text) {
  const { kind, min = -Infinity, max = Infinity, min_open: minOpen, max_open: maxOpen } = option;
  const form = kind === 'int' ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  const noun = kind === 'int' ? 'A whole number' : 'A number';
  const value = Number(text);
  const isWithin = (minOpen ? value > min : value >= min) && (maxOpen ? value < max : value <= max);
  if (form.test(text) && Number.isFinite(value) && isWithin) return '';
  const limits = limitsOf(option);
  return limits ? `${noun} ${limits}.` : `${noun}.`;
}

/** "from 1 to 60,000", "above 0", "from 0, below 1"; empty without limits. */
export function limitsOf({ min, max, min_open: minOpen, max_open: maxOpen }) {
  const low = min === undefined ? '' : `${minOpen ? 'above' : 'from'} ${exact(min)}`;
  if (max === undefined) return low && !minOpen ? `${low} on` : low;
  return low && !maxOpen ? `${low} to ${exact(max)}` : `${low}${low && ', '}${maxOpen ? 'below' : 'up to'} ${exact(max)}`;
}

/** The chosen values that differ from the defaults. */
export function different(chosen, defaults) {
  return Object.fromEntries(Object.entries(chosen).filter(([name, value]) => written(value) !== written(defaults[name])));
}

/** The command that does the same in a terminal; `fixed_args` end every command. */
export function commandOf({ options, fixed_args: fixedArgs }, chosen) {
  const words = options.filter(({ name }) => name in chosen).flatMap(({ name, flag, kind }) => {
    const value = chosen[name];
    if (kind === 'bool') return value ? [flag] : [];
    return [flag, quoted(written(value))];
  });
  return ['python mnist_cnn.py', ...words, ...fixedArgs.map(quoted)].join(' ');
}

/** As a shell of Linux or macOS takes it for one word. */
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
