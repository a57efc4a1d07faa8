/** Slots of the overlaid runs: each run keeps its slot, and so its color, while others come and go. */

import { MOST_COMPARED } from '../core/url-state.js';
import { groupKey } from './groups.js';

/** @import {Run} from '../core/types.js' */

/**
 * The overlay (a run id for each slot, '' where it is free) with these runs added or removed; null if they do not fit.
 * @param {string[]} overlay
 * @param {string[]} ids
 * @param {boolean} isOn
 */
export function changed(overlay, ids, isOn) {
  const slots = overlay.map((id) => (!isOn && ids.includes(id) ? '' : id));
  for (const id of isOn ? ids.filter((one) => !slots.includes(one)) : []) {
    const free = slots.indexOf('');
    if (free < 0) slots.push(id);
    else slots[free] = id;
  }
  return slots.length > MOST_COMPARED ? null : slots.slice(0, slots.findLastIndex((id) => id) + 1);
}

/**
 * Whether a run is the shown one.
 * @param {Run} run
 * @param {string | null} shown
 */
export const isShownRun = (run, shown) => (shown === null ? run.path === '' : run.runId === shown);

/**
 * The overlay without runs that are gone, or that are shown themselves.
 * @param {string[]} overlay
 * @param {Run[]} runs
 * @param {string | null} shown
 */
export function pruned(overlay, runs, shown) {
  const present = new Set(runs.filter((run) => !isShownRun(run, shown)).map(({ runId }) => runId));
  return changed(overlay, overlay.filter((id) => !present.has(id)), false) ?? [];
}

/**
 * The number of the color of each overlaid run, from 1: that of its slot, or of its group's first slot.
 * @param {string[]} overlay
 * @param {Run[]} runs
 * @param {boolean} isGrouped
 * @returns {Map<string, number>} by id
 */
export function numbersOf(overlay, runs, isGrouped) {
  const byId = new Map(runs.map((run) => [run.runId, run]));
  /** @type {Map<string, number>} */
  const firsts = new Map();
  return new Map(overlay.flatMap((id, slot) => {
    const run = byId.get(id);
    if (!run) return [];
    const key = isGrouped ? groupKey(run) : id;
    if (!firsts.has(key)) firsts.set(key, slot + 1);
    return [/** @type {[string, number]} */ ([id, firsts.get(key) ?? slot + 1])];
  }));
}
