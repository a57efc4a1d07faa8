/** Fields of runs, by which their list is searched, sorted and compared: metrics, settings and facts. */

import { isFraction, labelOf, settingText } from '../core/field-labels.js';
import { date, decimal, duration, percent, plusMinus, whole } from '../core/format.js';

/** @import {Run} from '../core/types.js' */

/**
 * @typedef {object} Field
 * @property {string} key as in the address and in a search
 * @property {string} label
 * @property {'fact' | 'metric' | 'setting'} kind
 * @property {'text' | 'number' | 'fraction' | 'duration' | 'date'} type
 * @property {(run: Run) => string | number | null} valueOf null: unknown
 * @property {(value: any) => string} format of a value that is known
 */

const LOSS = /loss|error|ece/;
/** Other words for a field. @type {Object<string, string>} */
const ALIASES = { acc: 'accuracy', duration: 'time', seconds: 'time', params: 'parameters', date: 'started', is: 'status' };

/** @type {Field[]} */
const FACTS = [
  fact('started', 'Started', 'date', (run) => run.startedAt),
  fact('name', 'Name', 'text', (run) => run.name),
  fact('status', 'Status', 'text', ({ status, hidden, pinned }) => [status, hidden && 'hidden', pinned && 'pinned'].filter(Boolean).join(', ')),
  fact('accuracy', 'Accuracy', 'fraction', (run) => run.testAccuracy ?? run.lastAccuracy ?? run.bestAccuracy),
  fact('best_val_accuracy', 'Best validation accuracy', 'fraction', (run) => run.bestAccuracy),
  fact('time', 'Time', 'duration', (run) => run.seconds),
  fact('epochs', 'Epochs', 'number', (run) => run.epochs),
  fact('parameters', 'Parameters', 'number', (run) => run.parameters),
  fact('model', 'Model', 'text', (run) => run.model || null),
  fact('dataset', labelOf('dataset'), 'text', (run) => run.dataset || null),
  fact('id', 'ID', 'text', (run) => run.runId),
];
const FORMATS = { text: String, number: formatted, fraction: (value) => percent(Math.min(1, value)), duration, date };
const known = new WeakMap(); // list of runs -> its fields
const indices = new WeakMap(); // run -> its settings by name

/**
 * The fields of these runs by key: facts, metrics, settings.
 * @param {Run[]} runs
 * @returns {Map<string, Field>}
 */
export function fieldsOf(runs) {
  if (!known.has(runs)) known.set(runs, collected(runs));
  return known.get(runs);
}

/**
 * The value of one of a run's settings.
 * @param {Run} run
 * @param {string} name
 * @returns {string | null}
 */
export const settingOf = (run, name) => settingsOf(run).get(name) ?? null;

/**
 * The field that a user means: by its key, another word, or the only one that begins so.
 * @param {Map<string, Field>} fields
 * @param {string} word
 */
export function findField(fields, word) {
  const key = word.toLowerCase().replaceAll('-', '_');
  const exact = fields.get(ALIASES[key] ?? key);
  if (exact) return exact;
  const starting = [...fields.values()].filter((field) => field.key.startsWith(key));
  return starting.length === 1 ? starting[0] : null;
}

/**
 * 98.15 ± 0.06 %: mean and standard deviation of a result; null for a field that is no result or number.
 * @param {Field} field
 * @param {{mean: number, sd: number | null} | null} summary
 */
export function spread({ kind, type, format }, summary) {
  if (!summary || kind === 'setting' || type === 'date') return null;
  if (!summary.sd || type === 'duration') return format(summary.mean);
  return plusMinus(format(summary.mean), format(summary.sd));
}

/** Whether a lower value of this metric is better. */
export const isLowBetter = ({ key }) => LOSS.test(key);

function collected(runs) {
  const fields = new Map(FACTS.map((field) => [field.key, field]));
  const metrics = new Set(runs.flatMap((run) => Object.keys(run.metrics)));
  for (const key of [...metrics].sort()) fields.set(key, metric(key));
  for (const run of runs) {
    for (const [name] of run.config) if (!fields.has(name)) fields.set(name, setting(name));
  }
  return fields;
}

function settingsOf(run) {
  if (!indices.has(run)) indices.set(run, new Map(run.config));
  return indices.get(run);
}

/** @returns {Field} */
function fact(key, label, type, valueOf) {
  return { key, label, kind: 'fact', type, valueOf, format: (value) => FORMATS[type](value) };
}

/** @returns {Field} */
function metric(key) {
  const type = isFraction(key) ? 'fraction' : 'number';
  return { key, label: labelOf(key), kind: 'metric', type, valueOf: (run) => run.metrics[key] ?? null, format: FORMATS[type] };
}

/** @returns {Field} */
function setting(key) {
  const valueOf = (run) => valued(settingOf(run, key));
  return { key, label: labelOf(key), kind: 'setting', type: 'number', valueOf, format: (value) => settingText(key, String(value)) };
}

/** Settings are kept as text; numbers among them are compared as numbers. */
const valued = (text) => (text !== null && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text);

function formatted(value) {
  return Number.isInteger(value) ? whole(value) : decimal(value);
}
