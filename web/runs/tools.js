/** Controls above the list of runs: search, sort order, grouping, columns. */

import { button, h } from '../core/dom.js';
import { MOST_COLUMNS } from '../core/list-options.js';
import { fieldsOf } from './fields.js';
import { sortKey } from './listing.js';

/** @import {Store} from '../core/state-types.js' */

const KINDS = { fact: 'Run', metric: 'Results', setting: 'Settings' };
const EXAMPLES = 'Words, or terms such as lr>0.01, accuracy>=99, status:failed, model:tiny, started>2026-11-01; -term excludes.';

/** @param {Store} store */
export function createTools(store) {
  const change = (changes) => store.set({ list: { ...store.state.list, ...changes } });
  const search = h('input', {
    type: 'search', placeholder: 'Search, or lr>0.01', title: EXAMPLES, 'aria-label': 'Search runs', autocomplete: 'off', spellcheck: 'false',
    oninput: () => change({ search: search.value }),
  });
  const sort = h('select', { 'aria-label': 'Sort by', onchange: () => change({ sort: `${isDescending() ? '-' : ''}${sort.value}` }) });
  const direction = button('', () => change({ sort: isDescending() ? sort.value : `-${sort.value}` }));
  const group = h('input', { type: 'checkbox', onchange: () => change({ isGrouped: group.checked }) });
  const columns = h('div', { class: 'choices' });
  const isDescending = () => store.state.list.sort.startsWith('-');

  store.on(['list'], ({ list }) => {
    if (search.value !== list.search) search.value = list.search;
    group.checked = list.isGrouped;
    direction.textContent = isDescending() ? '↓' : '↑';
    direction.ariaLabel = isDescending() ? 'Descending: sort ascending' : 'Ascending: sort descending';
    direction.title = direction.ariaLabel;
  });
  store.on(['list', 'runs'], ({ list, runs }) => {
    const fields = fieldsOf(runs);
    offer(sort, fields, sortKey(list.sort));
    if (columns.parentElement?.open) fillColumns();
  });

  /** The check boxes are made when they are first seen, and again for other fields. */
  function fillColumns() {
    const fields = [...fieldsOf(store.state.runs).values()];
    const chosen = store.state.list.columns;
    const keys = fields.map(({ key }) => key).join();
    if (columns.dataset.keys !== keys) columns.replaceChildren(...grouped(fields).map(([title, some]) => h('fieldset', {}, h('legend', {}, title), ...some.map(choice))));
    columns.dataset.keys = keys;
    for (const box of columns.querySelectorAll('input')) {
      box.checked = chosen.includes(box.value);
      box.disabled = !box.checked && chosen.length >= MOST_COLUMNS;
    }
  }

  const choice = ({ key, label }) => h('label', {}, h('input', {
    type: 'checkbox', value: key, onchange: (event) => chooseColumn(key, event.target.checked),
  }), ' ', label);

  function chooseColumn(key, isOn) {
    const others = store.state.list.columns.filter((one) => one !== key);
    change({ columns: isOn ? [...others, key] : others });
  }

  const choices = h('details', { class: 'columns', ontoggle: fillColumns }, h('summary', {}, 'Columns'), columns);
  return h(
    'div', { class: 'tools' }, search,
    h('label', { title: 'Runs with the same settings but the seed, as mean and standard deviation' }, group, ' Group seeds'),
    h('span', { class: 'sort' }, sort, direction), choices,
  );
}

/** Fills a <select> with the fields by kind. */
function offer(select, fields, chosen) {
  const keys = [...fields.keys()].join();
  if (select.dataset.keys !== keys) {
    select.replaceChildren(...grouped([...fields.values()]).map(([label, some]) => h(
      'optgroup', { label }, ...some.map(({ key, label: text }) => h('option', { value: key }, text)),
    )));
    select.dataset.keys = keys;
  }
  select.value = chosen;
}

/** @returns {[string, any[]][]} */
const grouped = (fields) => Object.entries(KINDS)
  .map(([kind, title]) => /** @type {[string, any[]]} */ ([title, fields.filter((field) => field.kind === kind)]))
  .filter(([, some]) => some.length);
