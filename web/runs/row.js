/** Rows of the list of runs: a run, and the header of a group. */

import { h, icon } from '../core/dom.js';
import { UNKNOWN, counted, percent, whole } from '../core/format.js';
import { hasFallen } from '../core/insights.js';
import { isAlive, listedLiveness } from '../core/status.js';
import { LIVE } from '../core/url-state.js';
import { swatch } from '../charts/swatch.js';
import { spread } from './fields.js';
import { nameWithoutSeed, seedOf } from './groups.js';
import { summaryOf, valueOfGroup } from './listing.js';
import { isShownRun } from './slots.js';

/** @import {Run} from '../core/types.js' */
/** @import {Field} from './fields.js' */
/** @import {Group} from './groups.js' */

/**
 * @typedef {object} Context what rows need besides their run
 * @property {Field[]} columns
 * @property {any} state of the store
 * @property {Map<string, string>} marks that tell runs of the same name apart
 * @property {Map<string, number>} numbers of the colors of overlaid runs
 * @property {(ids: string[], isOn: boolean, box: HTMLInputElement) => void} overlay
 * @property {(run: Run, isInTraining: boolean) => void} manage
 * @property {(group: Group) => void} toggle
 */

/**
 * @param {Run} run
 * @param {Group | null} group whose header is above
 * @param {Context} context
 */
export function runRow(run, group, { columns, state, marks, numbers, overlay, manage }) {
  const { runId, name, path } = run;
  const isShown = isShownRun(run, state.shown);
  const status = listedLiveness(run, state.live);
  const [label, mark] = labelOf(run, group, marks.get(runId) ?? '');
  const isFallen = hasFallen(run.bestAccuracy, run.lastAccuracy);
  const title = [name, mark, status, run.hidden && 'hidden', run.pinned && 'pinned', isFallen && fallen(run)].filter(Boolean).join(', ');
  return h(
    'li', { class: group ? 'run member' : 'run', 'data-run': runId },
    isShown ? h('span', { class: 'mark', title: 'Shown' }, swatch(0)) : box(`Compare with ${name}`, [runId], numbers, overlay),
    h(
      'a', { href: path ? `#run=${runId}` : LIVE, 'aria-current': isShown && 'true', title, 'data-kind': isFallen ? 'fallen' : status },
      icon(isFallen ? 'notice' : status),
      h('span', { class: 'unseen' }, `${status}: `),
      h('span', { class: 'name' }, label),
      mark && h('span', { class: 'soft' }, mark),
      run.pinned && h('span', { class: 'soft' }, 'pinned'),
      run.hidden && h('span', { class: 'soft' }, 'hidden'),
    ),
    state.manage && h('button', {
      type: 'button', class: 'more', 'data-change': runId, 'aria-label': `Change ${name}`, onclick: () => manage(run, !path && isAlive(status)),
    }, '⋯'),
    values(columns, (field) => valueOf(run, field)),
  );
}

/**
 * @param {Group} group
 * @param {boolean} isOpen
 * @param {Context} context
 */
export function groupRow({ key, name, runs }, isOpen, { columns, state, numbers, overlay, toggle }) {
  const others = runs.filter((run) => !isShownRun(run, state.shown)).map(({ runId }) => runId);
  const seeds = new Set(runs.map((run) => seedOf(run) ?? run.runId)).size;
  return h(
    'li', { class: 'group', 'data-group': key },
    box(`Compare with the ${whole(runs.length)} runs of ${name}`, others, numbers, overlay),
    h(
      'button', { type: 'button', class: 'fold', 'aria-expanded': String(isOpen), title: name, onclick: () => toggle({ key, name, runs }) },
      h('span', { class: 'name' }, name),
      h('span', { class: 'soft' }, seeds === runs.length ? counted(seeds, 'seed') : `${whole(runs.length)} runs, ${counted(seeds, 'seed')}`),
    ),
    values(columns, (field) => spread(field, summaryOf(runs, field)) ?? shared(runs, field)),
  );
}

/** The check box that overlays runs, with their line beside it. */
function box(label, ids, numbers, overlay) {
  const chosen = ids.filter((id) => numbers.has(id));
  const number = numbers.get(chosen[0]);
  const input = h('input', { type: 'checkbox', checked: chosen.length > 0 && chosen.length === ids.length, 'aria-label': label });
  input.indeterminate = chosen.length > 0 && chosen.length < ids.length;
  input.addEventListener('change', () => overlay(ids, input.checked, input));
  return h('label', { class: number ? `mark other${number}` : 'mark', title: label }, input, number ? swatch(number) : false);
}

const values = (columns, textFor) => h('dl', { class: 'values' }, ...columns.map((field) => {
  const text = textFor(field);
  return h('div', {}, h('dt', { class: 'unseen' }, field.label), h('dd', { title: `${field.label}: ${text}` }, text));
}));

function valueOf(run, field) {
  const value = field.valueOf(run);
  if (value === null) return UNKNOWN;
  const text = field.format(value);
  return field.key === 'accuracy' && run.testAccuracy === null ? `${text} val.` : text;
}

/** The latest date of a group; anything else only where its runs agree. */
function shared(runs, field) {
  const [value, ...others] = runs.map((run) => field.valueOf(run));
  if (field.type === 'date') return field.format(valueOfGroup(runs, field) ?? null);
  return value !== null && others.every((other) => other === value) ? field.format(value) : UNKNOWN;
}

/** Name and mark. Below a group's header the seed is enough, unless the run has a name of its own. */
function labelOf(run, group, mark) {
  const seed = seedOf(run);
  if (!group || seed === null) return [run.name, mark];
  const label = `seed ${seed}`;
  return nameWithoutSeed(run) === group.name ? [label, mark === label ? '' : mark] : [run.name, label];
}

const fallen = ({ bestAccuracy }) => `accuracy fell from ${percent(bestAccuracy)}`;
