import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';
import { follow, want } from '../../web/core/artifacts.js';
import { parseLog } from '../../web/core/contract.js';
import { Unreachable } from '../../web/core/reader.js';
import '../../web/core/artifact-parsers.js'; // so that it is at hand when artifacts.js asks for it
import { INITIAL, createStore } from '../../web/core/store.js';

const golden = (file) => JSON.parse(readFileSync(new URL(`../fixtures/golden/${file}`, import.meta.url), 'utf8'));
const settled = () => new Promise((resolve) => { setImmediate(resolve); });

let store;
const HALF = 'half a file';
let files; // by name, an Error for one that can't be read
let read; // names of the files asked for

beforeEach(() => {
  store = createStore(INITIAL);
  files = { 'weights.json': golden('weights.json'), 'predictions.json': golden('predictions.json') };
  read = [];
  follow(store, async (url) => {
    const file = url.split('/').at(-1);
    read.push(file);
    if (files[file] instanceof Error) throw files[file];
    return { value: files[file] === HALF ? undefined : files[file], missing: !(file in files) };
  });
});

const log = (changes) => parseLog({ ...golden('training_log.json'), ...changes });

/** Sets a log as the poller does. */
function show(changes, folder = 'results/') {
  store.set({ log: log(changes), folder });
  return settled();
}

/** Sets the connection as the poller does after each request. */
function poll() {
  store.set({ connection: { ...store.state.connection } });
  return settled();
}

test('a file is read when its section is shown, and again when the log changes', async () => {
  await show();
  assert.deepEqual(read, []);
  want(store, 'weights');
  await settled();
  assert.deepEqual(read, ['weights.json']);
  const { weights } = store.state;
  assert.ok(weights.epochs.length);
  await poll();
  assert.equal(read.length, 1);
  await show({ name: 'longer' });
  assert.equal(read.length, 2);
  assert.equal(store.state.weights, weights, 'what stays is not made anew');
  files['weights.json'] = { ...files['weights.json'], epochs: [] };
  await show({ name: 'shorter' });
  assert.deepEqual(store.state.weights.epochs, []);
});

test('a file that could not be read is retried at the next poll', async () => {
  const whole = files['weights.json'];
  want(store, 'weights');
  want(store, 'predictions');
  for (const broken of [new Unreachable('for a moment'), HALF]) {
    await show({ name: String(broken) });
    files['weights.json'] = broken;
    await show({ name: `${broken} again` });
    assert.ok(store.state.predictions.sets.length);
    files['weights.json'] = whole;
    await poll();
    assert.ok(store.state.weights.epochs.length, String(broken));
  }
});

test('a missing or empty file is not requested again', async () => {
  delete files['weights.json'];
  want(store, 'weights');
  await show();
  assert.deepEqual(store.state.weights.epochs, []);
  await poll();
  assert.equal(read.length, 1);
});

test('the files of one run are not shown with the log of another', async () => {
  want(store, 'predictions');
  await show();
  assert.equal(store.state.predictions.folder, 'results/');
  store.on(['log', 'predictions'], ({ log: now, folder, predictions }) => {
    assert.ok(!predictions || (predictions.folder === folder && now));
  });
  files['predictions.json'] = { ...files['predictions.json'] };
  await show({ run_id: 'b' }, 'results/runs/b/');
  assert.equal(store.state.predictions.folder, 'results/runs/b/');
  store.set({ log: null });
  assert.equal(store.state.predictions, null);
  await show({ run_id: 'c', files: [] });
  assert.equal(store.state.predictions, null, 'a file that no log announces');
});

test('a response for a run that is no longer shown is dropped', async () => {
  let answer;
  const waiting = createStore(INITIAL);
  follow(waiting, () => new Promise((resolve) => { answer = resolve; }));
  want(waiting, 'weights');
  waiting.set({ log: log(), folder: 'results/' });
  waiting.set({ log: log({ run_id: 'b', files: [] }), folder: 'results/runs/b/' });
  answer({ value: files['weights.json'] });
  await settled();
  assert.equal(waiting.state.weights, null);
});
