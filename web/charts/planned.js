/** The planned end of a run that is training, on the x axis of its charts: the axis spans it from the first batch on. */

import { secondsOf } from '../core/status.js';
import { niceStep } from './scale.js';
import { secondsIn } from './series.js';

/** @import {Curves, Log} from '../core/types.js' */

const SHRINKS = 0.7; // of an estimate in time: only if the present one is far below it

/**
 * The curves over the whole planned run. `before` is the end of the axis as it is shown: an estimate in time hardly
 * ever changes it.
 * @param {Curves} curves
 * @param {Log} log
 * @param {number | null} [before]
 * @returns {Curves}
 */
export function overPlannedRun(curves, log, before = null) {
  const [start, end] = curves.full;
  return { ...curves, full: [start, Math.max(end, plannedEnd(curves.unit, log, before) ?? end)] };
}

function plannedEnd(unit, log, before) {
  const { epochs, steps, secondsLeft } = log.progress;
  if (unit === 'epoch') return epochs;
  if (unit === 'step') return steps;
  if (secondsLeft === null) return before;
  const estimate = ((secondsOf(log) ?? 0) + secondsLeft) / secondsIn(unit);
  const isFine = before !== null && before >= estimate && before * SHRINKS < estimate;
  return isFine ? before : Math.ceil((estimate * 1.05) / niceStep(estimate / 20)) * niceStep(estimate / 20);
}
