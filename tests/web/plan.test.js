/** The parser of network.json: what belongs to an epoch. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNetwork } from '../../web/pad/network.js';
import { parsePlan, planAt } from '../../web/pad/plan.js';
import { digitAt, file, names } from './networks.js';

const saved = JSON.parse(file(`${names[0]}.json`));
const plan = (changes) => parsePlan({ ...saved, ...changes });

test('an epoch has its own temperature, threshold and views', () => {
  const run = plan({ epochs: [1, 2], temperatures: [1.5, 0.5], ood_thresholds: [-1, -2], views: [1, 5], temperature: 0.5, ood_threshold: -2 });
  assert.equal(run.views, 5);
  const { epoch, temperature, oodThreshold, views } = planAt(run, 1);
  assert.deepEqual([epoch, temperature, oodThreshold, views], [1, 1.5, -1, 1]);
  assert.deepEqual(planAt(run, 2), { ...run, epoch: 2 });
});

test('a file of an earlier version, or a damaged one, has one view', () => {
  for (const views of [undefined, null, [], 5, 'x', [null], [0], [-1], [1.5], ['5']]) {
    assert.equal(plan({ views }).views, 1);
    assert.equal(planAt(plan({ views }), 1).views, 1);
  }
  assert.equal(plan({ views: [1, 1e9] }).views, 9);
});

test('the logits are the mean over pictures moved by a pixel', () => {
  const weights = new Float32Array(saved.numbers).map((_, at) => Math.sin(at));
  const moved = (rows, columns) => Uint8Array.from({ length: 784 }, (_, at) => digitAt(0)[at - 28 * rows - columns] ?? 0);
  const one = createNetwork({ ...plan({}), views: 1 }, weights);
  const expected = [[0, 0], [-1, 0], [1, 0]].map(([rows, columns]) => one(moved(rows, columns)).logits);
  const { logits, maps } = createNetwork({ ...plan({}), views: 3 }, weights)(digitAt(0));
  logits.forEach((logit, at) => assert.ok(Math.abs(logit - (expected[0][at] + expected[1][at] + expected[2][at]) / 3) < 1e-3 * Math.abs(logit) + 1e-4));
  assert.deepEqual(maps.at(-1).values, expected[0]);
});
