/** The sidebar: all runs, searched, sorted and grouped; a click shows a run, its check box overlays it on the charts. */

import { addStyle, h, setText } from '../core/dom.js';
import { counted, whole } from '../core/format.js';
import { listedLiveness } from '../core/status.js';
import { MOST_COMPARED } from '../core/url-state.js';
import { fieldsOf } from './fields.js';
import { marksOf } from './groups.js';
import { createList } from './list.js';
import { listingOf, sortKey } from './listing.js';
import { groupRow, runRow } from './row.js';
import { changed, isShownRun, numbersOf, pruned } from './slots.js';
import { createTools } from './tools.js';

/** @import {State, Store} from '../core/state-types.js' */

const FULL = `At most ${MOST_COMPARED} runs can be overlaid: clear another check box first.`;
const FEW = 20; // runs: groups are listed open
/** @type {(keyof State)[]} */
const KEYS = ['runs', 'list', 'shown', 'live', 'overlay', 'manage'];

/** @param {Store} store */
export async function mount(element, store) {
  await addStyle(new URL('runs.css', import.meta.url));
  const view = new Sidebar(element, store);
  store.on(KEYS, () => view.draw());
}

class Sidebar {
  #store;
  #element;
  #count = h('span', { class: 'soft' });
  #message = h('p', { class: 'soft note', role: 'status' });
  #labels = h('div', { class: 'labels', role: 'group', 'aria-label': 'Sort by column' });
  #rows = h('ol', { class: 'rows' });
  #scroller = h('div', { class: 'scroller', tabindex: '0', role: 'region', 'aria-label': 'List of runs' }, this.#rows);
  #all = h('input', { type: 'checkbox', onchange: () => this.draw() });
  #hidden = h('span');
  #footer = h('label', { class: 'soft' }, this.#all, ' ', this.#hidden);
  #list = createList(this.#rows, this.#scroller);
  #toggled = new Set(); // keys of groups that a click opened or closed
  #refusal = '';
  /** @type {typeof import('./search.js').parseSearch | null} */
  #parse = null; // loaded with the first search
  #runRows = new WeakMap(); // run -> its row as it was drawn last
  #groupRows = new WeakMap(); // first run of a group -> the group's row
  #drawn = { list: null, showsHidden: false };

  constructor(element, store) {
    this.#store = store;
    this.#element = element;
    element.prepend(
      h('h2', {}, 'Runs ', this.#count), createTools(store), this.#message, this.#labels, this.#scroller, this.#footer,
    );
    store.on(['overlay', 'shown'], () => { this.#refusal = ''; });
  }

  draw() {
    const { state } = this.#store;
    const { runs, list, overlay } = state;
    this.#element.hidden = !runs.length;
    const showsHidden = this.#all.checked;
    if (list.search && !this.#parse) this.#loadSearch();
    const parse = list.search ? this.#parse : null;
    const listing = listingOf(runs, list, { isOpen: (group) => this.#isOpen(group), showsHidden, parse });
    this.#report(listing, runs.length);
    const fields = fieldsOf(runs);
    const columns = list.columns.flatMap((key) => fields.get(key) ?? []);
    this.#drawLabels(columns, list.sort);
    this.#element.classList.toggle('compact', columns.length < 2);
    const context = {
      columns, state, marks: marksOf(runs), numbers: numbersOf(overlay, runs, list.isGrouped),
      overlay: (ids, isOn, box) => this.#overlay(ids, isOn, box),
      manage: (run, isInTraining) => state.manage?.(run, isInTraining, this.#store),
      toggle: (group) => this.#toggle(group),
    };
    const build = (index) => this.#row(listing.rows[index], context);
    const isOther = list !== this.#drawn.list || showsHidden !== this.#drawn.showsHidden;
    this.#drawn = { list, showsHidden };
    keepingFocus(this.#rows, () => this.#list.draw(listing.rows.length, build, isOther));
  }

  async #loadSearch() {
    this.#parse = (await import('./search.js')).parseSearch;
    this.draw();
  }

  /** The row's element, rebuilt only if it would look different. */
  #row({ group, run }, context) {
    const isOpen = !run && this.#isOpen(group);
    const { columns, state, marks, numbers } = context;
    const owner = run ?? group.runs[0];
    const members = run ? [run] : group.runs;
    const colors = members.map(({ runId }) => numbers.get(runId));
    const look = JSON.stringify([
      run ? group?.name : group.name, isOpen, colors, columns.map(({ key }) => key), marks.get(owner.runId), Boolean(state.manage),
      members.map((member) => [member.runId, member.status, isShownRun(member, state.shown)]), listedLiveness(owner, state.live),
    ]);
    const cache = run ? this.#runRows : this.#groupRows;
    const cached = cache.get(owner);
    if (cached?.look === look) return cached.element;
    const element = run ? runRow(run, group, context) : groupRow(group, isOpen, context);
    cache.set(owner, { look, element });
    return element;
  }

  #report({ count, hidden, problems }, total) {
    const visible = this.#store.state.list.search ? `${whole(count)} of ${whole(total)}` : whole(total);
    setText(this.#count, total ? visible : '');
    setText(this.#message, this.#refusal || problems[0] || (total && !count && !hidden ? 'No run matches this search.' : ''));
    this.#footer.hidden = !hidden;
    setText(this.#hidden, `show ${whole(hidden)} hidden`);
  }

  /** The columns' names; a click sorts by them, another one in the other direction. */
  #drawLabels(columns, sort) {
    const key = sortKey(sort);
    keepingFocus(this.#labels, () => this.#labels.replaceChildren(...columns.map((field) => {
      const isSorted = field.key === key;
      const isDescending = sort.startsWith('-');
      const next = isSorted && isDescending ? field.key : `-${field.key}`;
      const arrow = !isSorted ? '' : isDescending ? ' ↓' : ' ↑';
      return h('button', {
        type: 'button', 'data-column': field.key, 'aria-pressed': String(isSorted), title: `Sort by ${field.label}`,
        onclick: () => this.#store.set({ list: { ...this.#store.state.list, sort: next } }),
      }, field.label + arrow);
    })));
  }

  #isOpen({ key, runs }) {
    const { state } = this.#store;
    const isOpen = state.runs.length <= FEW || runs.some((run) => isShownRun(run, state.shown));
    return isOpen !== this.#toggled.has(key);
  }

  #toggle({ key }) {
    if (!this.#toggled.delete(key)) this.#toggled.add(key);
    this.draw();
  }

  /** Overlays runs, or no longer; as many of a large group as there is room for. */
  #overlay(ids, isOn, box) {
    const { overlay, runs, shown } = this.#store.state;
    const before = pruned(overlay, runs, shown);
    const room = MOST_COMPARED - before.filter((id) => id && !ids.includes(id)).length;
    const next = changed(before, isOn ? ids.slice(0, room) : ids, isOn);
    if (isOn && !room) {
      box.checked = false;
      this.#refusal = FULL;
      setText(this.#message, FULL);
    } else if (next) {
      this.#store.set({ overlay: next });
      if (isOn && ids.length > room) setText(this.#message, `${counted(room, 'run')} of ${whole(ids.length)} overlaid: there is room for ${MOST_COMPARED}.`);
    }
  }
}

/** Redraws, and returns the focus to the control that had it: names may be equal, ids are not. */
function keepingFocus(root, draw) {
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const row = focused?.closest(KEYED);
  const name = focused?.localName;
  draw();
  if (!row) return;
  const same = [...root.querySelectorAll(KEYED)].find((one) => keyOf(one) === keyOf(row));
  (same?.matches(name) ? same : same?.querySelector(name))?.focus();
}

const KEYED = '[data-run], [data-group], [data-column]';
const keyOf = (row) => JSON.stringify([row.dataset.run, row.dataset.group, row.dataset.column]);
