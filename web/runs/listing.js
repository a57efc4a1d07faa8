/** The list of runs: search, sort order, groups. */

import { deviation, mean } from '../core/moments.js';
import { fieldsOf } from './fields.js';
import { bySeed, groupsOf } from './groups.js';

/** @import {Run} from '../core/types.js' */
/** @import {ListOptions} from '../core/list-options.js' */
/** @import {Field} from './fields.js' */
/** @import {Group} from './groups.js' */
/** @import {parseSearch} from './search.js' */

/** @typedef {{group: Group | null, run: Run | null}} Row a group's header, a run of it, or a run without a group */

/**
 * @typedef {object} Listing
 * @property {Row[]} rows
 * @property {number} count runs that match
 * @property {number} hidden runs that match, but are hidden
 * @property {string[]} problems of the search
 */

const text = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

const EVERY = { matches: () => true, problems: [] };

/**
 * `isOpen(group)`: whether the runs of a group are listed below its header. A group of one run has no header.
 * @param {Run[]} runs
 * @param {ListOptions} options
 * @param {{isOpen: (group: Group) => boolean, showsHidden: boolean, parse: typeof parseSearch | null}} choices `parse`: null without a search
 * @returns {Listing}
 */
export function listingOf(runs, { search, sort, isGrouped }, { isOpen, showsHidden, parse }) {
  const fields = fieldsOf(runs);
  const { matches, problems } = parse ? parse(search, fields) : EVERY;
  const found = runs.filter(matches);
  const shown = found.filter((run) => showsHidden || !run.hidden);
  const sorted = sortedBy(shown, sort, fields);
  const counts = { count: shown.length, hidden: found.filter((run) => run.hidden).length, problems };
  if (!isGrouped) return { ...counts, rows: sorted.map((run) => ({ group: null, run })) };
  const groups = sortedBy(groupsOf(sorted), sort, fields, ({ runs: members }, field) => valueOfGroup(members, field));
  return { ...counts, rows: groups.flatMap((group) => rowsOf(group, isOpen)) };
}

/** @returns {Row[]} */
function rowsOf(group, isOpen) {
  if (group.runs.length === 1) return [{ group: null, run: group.runs[0] }];
  return [{ group, run: null }, ...(isOpen(group) ? group.runs.map((run) => ({ group, run })) : [])];
}

/** `sort`: a field's key, descending after a minus. Unknown values come last; the order of equals stays. */
function sortedBy(items, sort, fields, valueOf = (run, field) => field.valueOf(run)) {
  const field = fields.get(sortKey(sort));
  if (!field) return items;
  const direction = sort.startsWith('-') ? -1 : 1;
  const valued = items.map((item) => ({ item, value: valueOf(item, field) }));
  return valued.sort((a, b) => unknownLast(a, b) || direction * compare(a.value, b.value)).map(({ item }) => item);
}

/** The key of the field that `sort` names. */
export const sortKey = (sort) => sort.replace(/^-/, '');

const unknownLast = (a, b) => Number(a.value === null) - Number(b.value === null);

function compare(a, b) {
  if (a === b) return 0;
  return typeof a === 'number' && typeof b === 'number' ? a - b : text.compare(String(a), String(b));
}

/**
 * Of a group: the mean of a result, the latest date, and of anything else the first run's value.
 * @param {Run[]} runs
 * @param {Field} field
 */
export function valueOfGroup(runs, field) {
  if (field.type === 'date') return Math.max(...runs.map((run) => Number(field.valueOf(run) ?? 0))) || null;
  return summaryOf(runs, field)?.mean ?? field.valueOf(runs[0]);
}

/**
 * The mean of a result over the seeds of a group; null for a field without numbers.
 * @param {Run[]} runs
 * @param {Field} field
 */
export function summaryOf(runs, field) {
  const values = [...bySeed(runs, (run) => numeric(field.valueOf(run))).values()];
  return values.length ? { n: values.length, mean: mean(values), sd: deviation(values) } : null;
}

const numeric = (value) => (typeof value === 'number' ? value : null);
