/** Options of the list of runs as parts of an address: search, sort order, grouping, columns. */

/** @typedef {{search: string, sort: string, isGrouped: boolean, columns: string[]}} ListOptions `sort`: a field, descending after a minus */

export const MOST_COLUMNS = 6;
const MAX_SEARCH = 200; // characters
const FIELD = /^[\w.-]{1,80}$/;

/** @type {ListOptions} */
export const LIST = { search: '', sort: '-started', isGrouped: true, columns: ['accuracy'] };

/**
 * Adds what differs from the defaults: `find=...&sort=-lr&group=none&columns=lr,time`.
 * @param {(key: string, value: any) => void} add ignores false and ''
 * @param {ListOptions} options
 */
export function addListOptions(add, { search, sort, isGrouped, columns }) {
  add('find', search);
  add('sort', sort !== LIST.sort && sort);
  add('group', !isGrouped && 'none');
  add('columns', columns.join() !== LIST.columns.join() && (columns.join() || 'none'));
}

/**
 * The inverse; invalid parts become defaults.
 * @param {URLSearchParams} parameters
 * @returns {ListOptions}
 */
export function listOptionsOf(parameters) {
  const sort = parameters.get('sort') ?? '';
  const columns = parameters.get('columns');
  return {
    search: (parameters.get('find') ?? '').slice(0, MAX_SEARCH),
    sort: FIELD.test(sort) ? sort : LIST.sort,
    isGrouped: parameters.get('group') !== 'none',
    columns: columns === null ? LIST.columns : columns.split(',').filter((key) => key !== 'none' && FIELD.test(key)).slice(0, MOST_COLUMNS),
  };
}
