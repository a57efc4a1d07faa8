import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { createPoller } from '../../web/core/poller.js';
import { INITIAL, createStore } from '../../web/core/store.js';

const golden = (file) => JSON.parse(readFileSync(new URL(`../fixtures/golden/${file}`, import.meta.url), 'utf8'));

let read; // the files asked for

/** A poller whose files are those of `files`; nothing but `poll` makes it poll. */
function polling(context, files, kind = 'files') {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  globalThis.document = { hidden: false, addEventListener() {} };
  globalThis.window = globalThis.document;
  const store = createStore(INITIAL);
  read = [];
  const from = async (url) => {
    const file = url.replace('results/', '');
    read.push(file);
    return { value: files[file], missing: files[file] === undefined, date: null };
  };
  return { store, ...createPoller(store, from, async () => kind) };
}

/** Files as our server has them: `files.training_status` follows what `write` puts there, whatever the log itself tells. */
function ours(context, log) {
  const files = { 'runs.json': { runs: [] } };
  const etags = {};
  let version = 0;
  const write = (file, value) => {
    if (value === undefined) delete files[file];
    else files[file] = value;
    etags[file] = value === undefined ? null : `"${version += 1}"`;
    const { run_id, status, updated_at } = files['training_log.json'] ?? {};
    files.training_status = { run_id, updated_at, liveness: status ?? null, etags: { ...etags } };
  };
  write('runs.json', { runs: [] });
  write('training_log.json', log);
  return { ...polling(context, files, 'digits'), write };
}

test('the log is shown before other files are read, and unchanged parts keep their identity', async (context) => {
  const files = { 'training_log.json': golden('training_log.json'), 'runs.json': golden('runs.json') };
  const { store, poll } = polling(context, files);
  let before;
  store.on(['log'], ({ log }) => { if (log) before ??= [...read]; });
  await poll();
  assert.deepEqual(before, ['training_log.json']);
  files['training_log.json'] = { ...files['training_log.json'], name: 'longer' };
  await poll();
  const { log } = store.state;
  assert.equal(log.name, 'longer');
  await poll();
  assert.equal(store.state.log, log);
  const others = ['test_samples.json', 'predictions.json', 'weights.json'];
  assert.deepEqual(read.filter((file) => others.includes(file)), [], 'these are read when they are seen');
});

test('a running log without an epoch is read again after a second, others at the interval', async (context) => {
  const running = (epochs) => ({ run_id: 'a', status: 'running', updated_at: new Date().toISOString(), epochs });
  const files = { 'training_log.json': running({}) };
  const { poll } = polling(context, files);
  const polledAfter = async (ms) => {
    const before = read.length;
    context.mock.timers.tick(ms);
    await new Promise(setImmediate);
    return read.length > before;
  };
  await poll();
  assert.equal(await polledAfter(1000), true);
  files['training_log.json'] = running({ epoch: [1], train_loss: [0.5] });
  await polledAfter(1000);
  assert.equal(await polledAfter(1000), false);
  assert.equal(await polledAfter(2000), true);
});

test('the zoom is kept until another run replaces the live one', async (context) => {
  const files = { 'training_log.json': golden('training_log.json'), 'runs.json': { runs: [{ run_id: 'b', path: 'runs/b/' }] } };
  files['runs/b/training_log.json'] = { ...files['training_log.json'], run_id: 'b' };
  const { store, poll } = polling(context, files);
  await poll();
  store.set({ shown: 'b', zoom: [1, 2] });
  await poll();
  assert.equal(store.state.log.runId, 'b');
  assert.deepEqual(store.state.zoom, [1, 2]);
  store.set({ shown: null, zoom: [0, 1] });
  await poll();
  assert.deepEqual(store.state.zoom, [0, 1]);
  files['training_log.json'] = { ...files['training_log.json'], run_id: 'c' };
  await poll();
  assert.equal(store.state.zoom, null);
});

for (const [what, beat] of [['without', undefined], ['that never changes its', '2026-11-20T12:00:00Z'], ['with a broken', 'now']]) {
  test(`a log ${what} updated_at is drawn again whenever it is written`, async (context) => {
    const log = { status: 'running', updated_at: beat, batches: { step: [1], loss: [1] } };
    const { store, poll, write } = ours(context, log);
    await poll();
    write('training_log.json', { ...log, batches: { step: [1, 2], loss: [1, 0.5] } });
    await poll();
    assert.deepEqual(store.state.log.batches.loss, [1, 0.5]);
    write('training_log.json', { ...log, status: 'completed', test: { accuracy: 0.9 } });
    await poll();
    assert.equal(store.state.log.test.accuracy, 0.9);
    assert.equal(store.state.liveness, 'completed');
  });
}

test('without updated_at a log has the age of its file', () => {
  const written = Date.parse('2026-11-20T12:00:00Z');
  assert.equal(parseLog({ status: 'running' }, written).updatedAt, written);
  assert.equal(parseLog({ status: 'running', updated_at: '2026-11-20T12:00:09Z' }, written).updatedAt, written + 9000);
});

const RUN = { run_id: 'b', path: 'runs/b/', name: 'an earlier run', status: 'completed' };

test('a run that is named or deleted in another tab is seen while watching the live one', async (context) => {
  const log = { ...golden('training_log.json'), run_id: 'a' };
  const served = ours(context, log);
  const files = { 'training_log.json': log, 'runs.json': { runs: [] } };
  const plain = polling({ mock: { timers: { enable() {} } } }, files);
  for (const { store, poll, write } of [served, { ...plain, write: (file, value) => { files[file] = value; } }]) {
    write('runs.json', { runs: [RUN] });
    await poll();
    write('runs.json', { runs: [{ ...RUN, name: 'renamed' }] });
    await poll();
    assert.deepEqual(store.state.runs.map(({ name }) => name), ['renamed']);
    write('runs.json', { runs: [] });
    await poll();
    assert.deepEqual(store.state.runs, []);
  }
});

test('while an earlier run is shown the list has the status of the live one', async (context) => {
  const log = { ...golden('training_log.json'), run_id: 'a', status: 'running' };
  const { store, poll, write } = ours(context, log);
  write('runs.json', { runs: [{ ...RUN, run_id: 'a', path: '', status: 'running' }, RUN] });
  write('runs/b/training_log.json', { ...log, run_id: 'b', status: 'completed' });
  store.set({ shown: 'b' });
  await poll();
  assert.deepEqual(store.state.live, { runId: 'a', liveness: 'running' });
  write('training_log.json', { ...log, status: 'failed' });
  await poll();
  assert.deepEqual(store.state.live, { runId: 'a', liveness: 'failed' });
  assert.equal(store.state.liveness, 'completed');
});

test('if index and log of the live run differ, the log is trusted, even after reading the index again', async (context) => {
  const log = golden('training_log.json');
  const runs = { runs: [{ run_id: log.run_id, path: '', name: 'named', status: 'running', epochs: 1, test_accuracy: null }] };
  const files = { 'training_log.json': { ...log, status: 'running' }, 'runs.json': runs };
  const { store, poll } = polling(context, files);
  await poll();
  assert.equal(store.state.runs[0].status, 'running');
  files['training_log.json'] = log;
  for (let turn = 0; turn < 3; turn += 1) {
    await poll();
    const [{ name, status, epochs, testAccuracy }] = store.state.runs;
    assert.deepEqual([name, status, epochs, testAccuracy], ['named', 'completed', 3, log.test.accuracy]);
    files['runs.json'] = structuredClone(runs);
  }
});
