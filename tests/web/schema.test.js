import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { parseRuns } from '../../web/core/run-list.js';
import { LIVENESSES, STATUSES } from '../../web/core/status.js';

const { $defs: contract } = JSON.parse(readFileSync(new URL('../../results/schema.json', import.meta.url), 'utf8'));
const log = contract['training_log.json'].properties;

test('statuses are those of the schema', () => {
  assert.deepEqual(STATUSES, log.status.enum);
  assert.deepEqual(LIVENESSES, contract.run.properties.status.enum);
});

test('the columns of a log are those of the schema', () => {
  for (const curve of ['batches', 'epochs']) {
    const fields = Object.keys(contract[curve].properties);
    const given = Object.fromEntries(fields.map((field, place) => [field, [place + 1]]));
    assert.deepEqual(parseLog({ [curve]: given })[curve], given);
    assert.deepEqual(Object.keys(parseLog({})[curve]), fields);
  }
});

test('names of own metrics are those of the schema', () => {
  const [pattern] = Object.keys(contract.epochs.patternProperties);
  const names = ['val_f1', 'train_a', `val_${'x'.repeat(40)}`, `val_${'x'.repeat(41)}`, 'f1', 'val_', 'val_F1', 'test_f1'];
  const own = (name) => Object.hasOwn(parseLog({ epochs: { epoch: [1], [name]: [0.5] } }).epochs, name);
  assert.deepEqual(names.map(own), names.map((name) => new RegExp(pattern).test(name)));
});

test('run ids are those of the schema', () => {
  const pattern = new RegExp(contract.run_id.pattern);
  for (const id of ['a', 'x'.repeat(80), 'x'.repeat(81), '', '.a', 'a/b', 'A_1.2-3', 'ä']) {
    assert.equal(parseLog({ run_id: id }).runId, pattern.test(id) ? id : '');
    assert.equal(parseRuns({ runs: [{ run_id: id, path: '' }] }).length, pattern.test(id) ? 1 : 0);
  }
});

test('a newer version of the schema is noticed', () => {
  assert.equal(parseLog({ schema: contract.schema.const }).newer, false);
  assert.equal(parseLog({ schema: contract.schema.const + 1 }).newer, true);
});

test('as many events are read as the schema allows', () => {
  const events = Array.from({ length: log.events.maxItems + 1 }, (_, step) => ({ step }));
  assert.equal(parseLog({ events }).events.length, log.events.maxItems);
});
