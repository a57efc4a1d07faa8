/** Suggestions of runs to compare with the shown run, as long as there is no comparison. */

import { button, h } from '../core/dom.js';
import { counted } from '../core/format.js';
import { groupKey, groupsOf, seedOf } from '../runs/groups.js';
import { isShownRun } from '../runs/slots.js';

/** @import {State} from '../core/state-types.js' */

const MOST = 4;
const MOST_RUNS = 5; // of each group: room for both

/**
 * @param {State} state
 * @param {(ids: string[], isOn: boolean) => void} overlay
 */
export function suggestionsOf({ runs, shown }, overlay) {
  const own = runs.find((run) => isShownRun(run, shown));
  const others = runs.filter((run) => run !== own && !run.hidden);
  if (!own || !others.length) return [h('p', { class: 'soft' }, 'There is no other run to compare this one with.')];
  const seedsIn = (ids) => counted(new Set(ids.map((id) => seedOf(/** @type {any} */ (runs.find(({ runId }) => runId === id))) ?? id)).size, 'seed');
  const idsOf = (members) => members.filter((run) => run !== own).slice(0, MOST_RUNS).map(({ runId }) => runId);
  const mates = idsOf(others.filter((run) => groupKey(run) === groupKey(own)));
  const offers = groupsOf(others).filter(({ key }) => key !== groupKey(own)).slice(0, MOST).map((group) => {
    const ids = idsOf(group.runs);
    const isOfSeeds = ids.length > 1;
    return button(`${group.name}${isOfSeeds ? `, ${seedsIn(ids)}` : ''}`, () => overlay([...(isOfSeeds ? mates : []), ...ids], true));
  });
  const seeds = mates.length > 0 && button(`the other ${seedsIn(mates)} of it`, () => overlay(mates, true));
  return [
    h('p', {}, 'Tick runs or groups in the list, or compare this run with'),
    h('div', { class: 'offers' }, ...offers, seeds),
  ];
}
