/** The parser of network.json: what belongs to an epoch. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNetwork } from '../../web/pad/network.js';
import { parsePlan, planAt } from '../../web/pad/plan.js';
import { digitAt, file, names } from './networks.js';

const saved = JSON.parse(file(`${names[0]}.json`));
const plan = (changes) => parsePlan({ ...saved, ...changes });

test('an epoch has its own temperature and threshold, and one view', () => {
  const run = plan({ epochs: [1, 2], temperatures: [1.5, 0.5], ood_thresholds: [-1, -2], views: 5, temperature: 0.4, ood_threshold: -3 });
  assert.deepEqual([run.views, run.temperature], [5, 0.4]);
  const { epoch, temperature, oodThreshold, views } = planAt(run, 1);
  assert.deepEqual([epoch, temperature, oodThreshold, views], [1, 1.5, -1, 1]);
});

test('a file of an earlier version has one view, and an invalid number of them is refused', () => {
  assert.equal(plan({ views: undefined }).views, 1);
  for (const views of [null, [], [5], 'x', 0, -1, 10, 1.5, '5']) assert.equal(plan({ views }), null);
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
