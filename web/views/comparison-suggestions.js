/** Suggestions of runs to compare with the shown run, as long as there is no comparison. */

import { button, h } from '../core/dom.js';
import { counted } from '../core/format.js';
import { groupKey, groupsOf } from '../runs/groups.js';
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
  const idsOf = (members) => members.filter((run) => run !== own).slice(0, MOST_RUNS).map(({ runId }) => runId);
  const mates = idsOf(others.filter((run) => groupKey(run) === groupKey(own)));
  const offers = groupsOf(others).filter(({ key }) => key !== groupKey(own)).slice(0, MOST).map((group) => {
    const ids = idsOf(group.runs);
    const isOfSeeds = ids.length > 1;
    return button(`${group.name}${isOfSeeds ? `, ${counted(ids.length, 'seed')}` : ''}`, () => overlay([...(isOfSeeds ? mates : []), ...ids], true));
  });
  const seeds = mates.length > 0 && button(`the other ${counted(mates.length, 'seed')} of it`, () => overlay(mates, true));
  return [
    h('p', {}, 'Check runs or groups in the list of runs, or compare the run shown with'),
    h('div', { class: 'offers' }, ...offers, seeds),
  ];
}
