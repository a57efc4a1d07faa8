/** Curves of a group of runs: the mean of its validation curves over the seeds, and the band of one standard deviation around it. */

import { deviation, mean } from '../core/moments.js';

/** @import {Band, Curves, OtherCurves} from '../core/types.js' */

const MEASURES = ['loss', 'accuracy'];

/**
 * The band of each measure.
 * @param {Curves[]} runs two or more
 * @returns {Object<string, Band>}
 */
const bandsOf = (runs) => Object.fromEntries(MEASURES.map((key) => [key, bandOf(runs, `val_${key}`)]));

/**
 * Epochs that a run lacks are left out: the mean of fewer runs would jump there.
 * @returns {Band}
 */
function bandOf(runs, field) {
  const seeds = ofSeeds(runs).map((members) => members.map(({ epochs, epochX }) => new Map(epochs.epoch.map((epoch, row) => [epoch, { x: epochX[row], y: epochs[field]?.[row] ?? null }]))));
  /** @type {Band} */
  const band = { mean: [], low: [], high: [], sds: [] };
  for (const epoch of runs[0].epochs.epoch) {
    const points = seeds.map((rows) => rows.map((row) => row.get(epoch)));
    if (points.flat().some((point) => (point?.x ?? null) === null || point.y === null)) continue;
    const values = points.map((same) => mean(same.map((point) => point.y)));
    const [x, y, sd] = [mean(points.flat().map((point) => point.x)), mean(values), deviation(values) ?? 0];
    band.mean.push({ x, y });
    band.low.push({ x, y: y - sd });
    band.high.push({ x, y: y + sd });
    band.sds.push(sd);
  }
  return band;
}

/** The runs of each seed: those of one seed are no independent repetitions; a run of unknown seed counts singly. */
function ofSeeds(runs) {
  const seeds = new Map();
  runs.forEach((run, place) => {
    const key = run.seed ?? `run ${place}`;
    seeds.set(key, [...(seeds.get(key) ?? []), run]);
  });
  return [...seeds.values()];
}

/**
 * Curves in which the runs of a group of two or more are one, with `bands`; `shown`, the run whose own lines are drawn,
 * counts in its group.
 * @param {Curves} shown
 * @param {OtherCurves[]} others
 * @returns {OtherCurves[]}
 */
export function gathered(shown, others) {
  return others.flatMap((other, index) => {
    const { group } = other;
    if (!group) return [other];
    if (others.findIndex((one) => one.group === group) !== index) return [];
    const members = [...(shown.group === group ? [shown] : []), ...others.filter((one) => one.group === group)];
    return [members.length < 2 ? other : { ...other, count: ofSeeds(members).length, bands: bandsOf(members) }];
  });
}
