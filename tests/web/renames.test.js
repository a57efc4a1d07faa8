import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { parseWeights } from '../../web/core/artifact-parsers.js';
import { parseLog } from '../../web/core/contract.js';
import { parseRuns } from '../../web/core/run-list.js';
import { OPTIONS, withPresentNames } from '../../web/core/renames.js';
import { parsePlan } from '../../web/pad/plan.js';
import { HOSTILE } from './hostile.js';

test('the options of a log have their present names, whichever version wrote it', () => {
  for (const [former, present] of Object.entries(OPTIONS)) {
    assert.deepEqual(parseLog({ config: { [former]: 5 } }).config, [[present, '5']]);
    assert.deepEqual(parseLog({ config: { [former]: 5, [present]: 7 } }).config, [[present, '7']]);
    assert.deepEqual(parseLog({ config: { [present]: 7, [former]: 5 } }).config, [[present, '7']]);
  }
  assert.deepEqual(parseLog({ config: { preset: 'course' } }).config, [['preset', 'textbook']]);
  assert.deepEqual(parseLog({ config: { preset: 'constructor', toString: 1 } }).config, [['preset', 'constructor'], ['toString', '1']]);
});

test('runs, weights and networks of an earlier version are read', () => {
  const run = { run_id: 'a-1', path: '', kept: true };
  assert.deepEqual([parseRuns({ runs: [run] })[0].pinned, parseRuns({ runs: [{ ...run, pinned: false }] })[0].pinned], [true, false]);
  const layer = { name: 'conv', low: -1, high: 1, deviation: 0.25, counts: [1, 2] };
  assert.equal(parseWeights({ epochs: [{ epoch: 1, layers: [layer] }] }).epochs[0].layers[0].std, 0.25);
  const network = JSON.parse(readFileSync(new URL('../fixtures/network/tiny.json', import.meta.url)));
  assert.equal(parsePlan({ ...network, ood_threshold: undefined, energy_limit: -5 }).oodThreshold, null, 'the present name prevails');
  assert.equal(parsePlan({ ...network, energy_limit: -5 }).oodThreshold, -5);
});

test('anything but an object has no fields', () => {
  for (const value of HOSTILE) assert.ok(withPresentNames(value, OPTIONS));
});
