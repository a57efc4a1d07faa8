/** Search in the list of runs: words and terms such as `lr>0.01`, `status:failed,crashed`, `accuracy>=99`, `-model:tiny`. */

import { findField } from './fields.js';

/** @import {Run} from '../core/types.js' */
/** @import {Field} from './fields.js' */

/** @typedef {(run: Run) => boolean} Test */

const TERM = /(-?)(?:([\p{L}_][\p{L}\p{N}_.-]*)\s*(>=|<=|!=|=|>|<|:)\s*("[^"]*"?|[^\s"]+)?|"([^"]*)"?|(\S+))/gu;
const COMPARE = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};
const UNITS = { // by type of field
  number: { k: 1e3, m: 1e6 },
  text: {},
  fraction: { '%': 1 },
  duration: { s: 1, m: 60, min: 60, h: 3600, d: 86400 },
};
const DAY_MS = 86_400_000;
const NUMBER = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)([a-z%]*)$/i;
const HALF = 0.5 + 1e-7; // of the last digit typed, with room for rounding
const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * The test of a run against all valid terms, and the problems of the others.
 * @param {string} query
 * @param {Map<string, Field>} fields
 * @returns {{matches: Test, problems: string[]}}
 */
export function parseSearch(query, fields) {
  /** @type {Test[]} */
  const tests = [];
  /** @type {string[]} */
  const problems = [];
  for (const [term, minus, key, operator, value, phrase, word] of query.matchAll(TERM)) {
    const test = key ? comparison(term, { key, operator, value: unquoted(value) }, fields) : containing(phrase ?? word);
    if (typeof test === 'string') problems.push(test);
    else if (test) tests.push(minus ? (run) => !test(run) : test);
  }
  return { matches: (run) => tests.every((test) => test(run)), problems };
}

const unquoted = (value = '') => value.replace(/^"|"$/g, '');

/** @returns {Test | null} */
function containing(text) {
  const wanted = text.toLowerCase();
  return wanted ? (run) => [run.name, run.runId, run.model, run.dataset, run.status].some((one) => one.toLowerCase().includes(wanted)) : null;
}

/**
 * The test of one field, or a problem as a sentence.
 * @returns {Test | string | null}
 */
function comparison(term, { key, operator, value }, fields) {
  const field = findField(fields, key);
  if (!field) return operator === ':' ? containing(term.replace(/^-/, '')) : `No run has a field “${key}”.`;
  if (!value) return `${key}${operator} needs a value.`;
  if (COMPARE[operator]) return ordered(field, operator, value);
  const alternatives = value.split(',').filter(Boolean).map((one) => equal(field, one, operator === ':'));
  const isAny = (run) => alternatives.some((test) => test(run));
  return operator === '!=' ? (run) => !isAny(run) : isAny;
}

/** @returns {Test | string} */
function ordered(field, operator, value) {
  const limit = numberOf(value, field.type);
  if (limit === null) return `${field.label} ${operator} needs a ${field.type === 'date' ? 'date such as 2026-11-30' : 'number'}, not “${value}”.`;
  return (run) => {
    const own = field.valueOf(run);
    return typeof own === 'number' && COMPARE[operator](own, limit);
  };
}

/**
 * A result equals the typed number if it rounds to it, a date its day; after a colon, text that contains the typed text matches.
 * @returns {Test}
 */
function equal(field, value, isPart) {
  const wanted = value.toLowerCase();
  const limit = numberOf(value, field.type);
  const tolerance = toleranceOf(field, value);
  return (run) => {
    const own = field.valueOf(run);
    if (own === null) return false;
    if (typeof own === 'number' && limit !== null) return isWithin(own, limit, tolerance, field);
    const text = String(own).toLowerCase();
    return isPart ? text.includes(wanted) : text === wanted;
  };
}

const isWithin = (own, limit, tolerance, { type }) => (type === 'date' ? own >= limit && own < limit + tolerance : Math.abs(own - limit) <= tolerance);

function toleranceOf({ kind, type }, value) {
  if (type === 'date') return DAY.test(value) ? DAY_MS : 60_000;
  if (kind === 'setting') return 0;
  const decimals = /\.(\d+)/.exec(value)?.[1].length ?? 0;
  const half = HALF * 10 ** -decimals;
  if (type === 'fraction') return half / (isPercent(value) ? 100 : 1);
  return decimals ? half : 0;
}

/** 98, 98 % and 0.98 are the same accuracy. */
const isPercent = (value) => value.endsWith('%') || Number(value) > 1;

/**
 * @param {string} value
 * @param {Field['type']} type
 * @returns {number | null}
 */
function numberOf(value, type) {
  if (type === 'date') return dateOf(value);
  const [, digits, unit] = NUMBER.exec(value) ?? [];
  const factor = unit ? UNITS[type][unit.toLowerCase()] : 1;
  if (digits === undefined || factor === undefined) return null;
  return (Number(digits) * factor) / (type === 'fraction' && isPercent(value) ? 100 : 1);
}

/** Local time: 2026-11-30, or 2026-11-30T12:00. */
function dateOf(value) {
  const time = /^\d{4}-\d\d/.test(value) ? Date.parse(DAY.test(value) ? `${value}T00:00` : value) : NaN;
  return Number.isNaN(time) ? null : time;
}
