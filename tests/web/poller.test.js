import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createPoller } from '../../web/poller.js';
import { Unreachable } from '../../web/reader.js';
import { INITIAL, createStore } from '../../web/store.js';

const golden = (file) => JSON.parse(readFileSync(new URL(`../fixtures/golden/${file}`, import.meta.url), 'utf8'));

/** A poller whose files are those of `files`, an Error for one that can't be read; nothing but `look` makes it look. */
function polling(context, files) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  globalThis.document = { hidden: false, addEventListener() {} };
  globalThis.window = globalThis.document;
  const store = createStore(INITIAL);
  const read = async (url) => {
    const value = files[url.replace('results/', '')];
    if (value instanceof Error) throw value;
    return { value, missing: value === undefined, date: null };
  };
  return { store, ...createPoller(store, read, async () => 'files') };
}

test('a log is shown even if a file beside it could not be read at first, and changed no more', async (context) => {
  const files = { 'training_log.json': golden('training_log.json'), 'runs.json': golden('runs.json') };
  files['test_samples.json'] = golden('test_samples.json');
  const { store, look } = polling(context, files);
  await look();
  const first = store.state.samples;
  files['training_log.json'] = { ...files['training_log.json'], name: 'longer' };
  files['test_samples.json'] = { ...files['test_samples.json'], final: false };
  files['weights.json'] = new Unreachable('for a moment');
  await look();
  files['weights.json'] = golden('weights.json');
  await look();
  const { log, samples, weights } = store.state;
  assert.equal(log.name, 'longer');
  assert.notEqual(samples, first);
  assert.equal(samples.final, false);
  assert.ok(weights);
  await look();
  assert.equal(store.state.log, log, 'what stays is not made anew');
  assert.equal(store.state.samples, samples);
});

test('the stretch that is looked at is left alone until another run takes the place of the live one', async (context) => {
  const files = { 'training_log.json': golden('training_log.json'), 'runs.json': { runs: [{ run_id: 'b', path: 'runs/b/' }] } };
  files['runs/b/training_log.json'] = { ...files['training_log.json'], run_id: 'b' };
  const { store, look } = polling(context, files);
  await look();
  store.set({ shown: 'b', zoom: [1, 2] });
  await look();
  assert.equal(store.state.log.runId, 'b');
  assert.deepEqual(store.state.zoom, [1, 2]);
  store.set({ shown: null, zoom: [0, 1] });
  await look();
  assert.deepEqual(store.state.zoom, [0, 1]);
  files['training_log.json'] = { ...files['training_log.json'], run_id: 'c' };
  await look();
  assert.equal(store.state.zoom, null);
});
