import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseLog, parseStatus } from '../../web/core/contract.js';
import { parseRuns, withLiveLog } from '../../web/core/run-list.js';
import { parseEmbedding, parseSamples } from '../../web/core/artifact-parsers.js';
import { describe, doneOf, livenessOf } from '../../web/core/status.js';
import { prepare } from '../../web/charts/series.js';
import { HOSTILE } from './hostile.js';

const GOLDEN = new URL('../fixtures/golden/', import.meta.url);
const golden = (file) => JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8'));

test("a trainer's own metrics per epoch are kept if they have a value for each epoch", () => {
  const epochs = { epoch: [1, 2], val_loss: [0.5, 0.4], val_auc: [0.9, 'NaN'], train_f1: [0.5], notes: [1, 2] };
  const parsed = parseLog({ epochs }).epochs;
  assert.deepEqual(parsed.val_auc, [0.9, null]);
  assert.deepEqual([parsed.epoch, 'train_f1' in parsed, 'notes' in parsed], [[1, 2], false, false]);
});

test('the golden log is parsed', () => {
  const source = golden('training_log.json');
  const log = parseLog(source);
  assert.equal(log.runId, source.run_id);
  assert.equal(log.name, source.name);
  assert.equal(log.status, source.status);
  assert.deepEqual(log.batches, source.batches);
  assert.deepEqual(log.epochs, source.epochs);
  assert.equal(log.events.length, source.events.length);
  assert.equal(log.config.length, Object.keys(source.config).length);
  assert.equal(log.updatedAt, Date.parse(source.updated_at));
  assert.equal(log.newer, false);
});

test('the golden index is parsed', () => {
  const { runs } = golden('runs.json');
  assert.deepEqual(parseRuns({ runs }).map(({ runId, path }) => [runId, path]), runs.map((run) => [run.run_id, run.path]));
});

test('a stale index is corrected from the log', () => {
  const [log, after] = [parseLog(golden('training_log.json')), parseRuns(golden('runs.json'))];
  const stale = { status: 'running', updatedAt: 0, seconds: null, epochs: 0, bestAccuracy: null, lastAccuracy: null, testAccuracy: null };
  assert.ok(after.some(({ runId, path, lastAccuracy }) => runId === log.runId && path === '' && lastAccuracy !== null));
  const before = after.map((run) => (run.path === '' ? { ...run, ...stale } : run));
  assert.deepEqual(withLiveLog(before, log), after);
  assert.equal(withLiveLog(after, log), after);
});

test('the golden network is parsed, and an older one without newer fields', () => {
  const { model } = golden('training_log.json');
  const { megabytes, ...read } = parseLog({ model }).model;
  assert.deepEqual(megabytes, [model.input_mb, model.activations_mb, model.parameters_mb, model.total_mb]);
  assert.deepEqual(read, Object.fromEntries(Object.entries(model).filter(([key]) => !key.endsWith('_mb'))));
  const older = parseLog({ model: { parameters: 8, input_mb: 1, layers: [{ name: 'conv' }] } }).model;
  assert.deepEqual([older.parameters, older.trainable, older.megabytes], [8, null, null]);
  assert.equal(older.layers[0].detail, '');
});

test('an empty object is parsed to a complete log', () => {
  const log = parseLog({});
  assert.equal(log.status, 'failed', 'as the server judges a status that it does not know');
  assert.deepEqual([log.model, log.dataset, log.test], [null, null, null]);
  assert.ok(Object.values(log.batches).every((column) => column.length === 0));
  assert.equal(log.progress.epoch, null);
});

test('anything but an object is not a log', () => {
  for (const value of [null, undefined, [], 'text', 7, true]) assert.equal(parseLog(value), null);
});

test('columns are truncated to equal length, rows without a key are dropped, missing columns are null', () => {
  const { batches } = parseLog({ batches: { step: [1, 2, 2, 'x', 3, 4], loss: [9, 8, 7, 6, 5], lr: 'none' } });
  assert.deepEqual(batches.step, [1, 2, 3]);
  assert.deepEqual(batches.loss, [9, 8, 5]);
  assert.deepEqual(batches.accuracy, [null, null, null]);
});

test('numbers are finite or null', () => {
  const wrong = { test: { loss: Infinity, accuracy: '0.9' }, progress: { step: -1, steps: 2.5, eta_s: NaN } };
  const { test: result, progress } = parseLog(wrong);
  assert.deepEqual(result, { loss: null, accuracy: null, correct: null, total: null });
  assert.deepEqual([progress.step, progress.steps, progress.secondsLeft], [null, null, null]);
});

test('a newer schema is parsed and marked as newer', () => {
  assert.equal(parseLog({ schema: 2, name: 'x' }).newer, true);
  assert.equal(parseLog({ schema: '2' }).newer, false);
});

test('text is truncated and loses control and bidi characters', () => {
  const { name } = parseLog({ name: `a\u202eb\u0000c${'x'.repeat(500)}` });
  assert.ok(name.startsWith('a b c'));
  assert.equal(name.length, 200);
});

test('options of every type become text', () => {
  const { config } = parseLog({ config: { a: 1e-8, b: true, c: null, d: [1, 2], e: { f: 1 }, g: '' } });
  assert.deepEqual(config.map(([, value]) => value), ['1e-8', 'yes', 'none', '1, 2', '…', '']);
});

test('a list of runs keeps only runs inside the results folder', () => {
  const runs = parseRuns({ runs: [
    { run_id: 'a', path: '' },
    { run_id: 'b', path: 'runs/b/' },
    { run_id: 'c', path: '../../secret/' },
    { run_id: 'd', path: 'http://elsewhere/' },
    { run_id: '../e', path: 'runs/../e/' },
  ] });
  assert.deepEqual(runs.map(({ runId }) => runId), ['a', 'b']);
});

test('a run in the index has its training time, or null', () => {
  const runs = [72.5, 'long', undefined].map((seconds, index) => ({ run_id: `r${index}`, path: `runs/r${index}/`, seconds }));
  assert.deepEqual(parseRuns({ runs }).map(({ seconds }) => seconds), [72.5, null, null]);
});

test('before the first run the status has no run', () => {
  const status = parseStatus({ run_id: null, updated_at: null, liveness: null, etags: { 'training_log.json': null } });
  assert.deepEqual(status, { runId: '', updatedAt: null, liveness: null, etags: new Map([['training_log.json', null]]) });
});

test('hostile values in every field of every file never throw', () => {
  for (const value of HOSTILE) {
    for (const file of hostileLogs(value)) {
      const log = parseLog(file);
      prepare(log);
      doneOf(log);
      const liveness = livenessOf(log, { now: 0 });
      describe({ log, liveness, connection: { ok: true, kind: 'files', seenAt: null } });
      for (const column of Object.values(log.batches)) assert.equal(column.length, log.batches.step.length);
    }
    parseSamples(value);
    parseSamples({ rows: value, columns: value, samples: value });
    const sample = { index: value, label: value, prediction: value, probabilities: value, pixels: value };
    parseSamples({ samples: [value, sample] });
    parseRuns({ runs: [value, { run_id: value, path: value, name: value, status: value }] });
    parseRuns(value);
    parseStatus(value);
    parseStatus({ etags: value });
    parseStatus({ etags: { a: value } });
  }
});

/** Logs in which `value` stands for every section, for every field, and inside every column. */
function hostileLogs(value) {
  const sections = Object.keys(FIELDS);
  const of = (make) => Object.fromEntries(sections.map((section) => [section, make(FIELDS[section])]));
  const fields = (names) => Object.fromEntries(names.map((name) => [name, value]));
  const filled = (names) => Object.fromEntries(names.map((name) => [name, [1, value, 3]]));
  return [
    of(() => value),
    of(fields),
    of(filled),
    { ...of(filled), events: [value, fields(FIELDS.events)], status: 'running' },
    { model: { layers: [value, fields(FIELDS.layer)], input: [value] }, config: fields(['a', '__proto__']) },
  ];
}

const FIELDS = {
  schema: [], run_id: [], name: [], status: [], phase: [], started_at: [], updated_at: [], command: [], error: [],
  files: [], config: ['a'], environment: ['b'],
  dataset: ['name', 'train', 'notice', 'sha256'],
  model: ['name', 'parameters', 'trainable', 'macs', 'input', 'input_mb', 'layers'],
  layer: ['name', 'type', 'detail', 'output', 'parameters', 'macs'],
  progress: ['epoch', 'epochs', 'batch', 'batches', 'step', 'steps', 'images_per_second', 'eta_s'],
  batches: ['step', 'epoch', 'loss', 'loss_min', 'loss_max', 'accuracy', 'lr'],
  epochs: ['epoch', 'step', 'train_loss', 'val_loss', 'val_accuracy'],
  events: ['step', 'time', 'kind', 'text'],
  test: ['loss', 'accuracy', 'correct', 'total'],
};

test('the golden embedding is parsed, and the whole rows of damaged ones', () => {
  const source = golden('embedding.json');
  const { epochs, test: last } = parseEmbedding(source);
  assert.deepEqual(epochs.map(({ epoch, index }) => [epoch, index.length]), [[1, 20], [2, 20], [3, 20]]);
  assert.equal(last.x.length, 10);
  const [first, second, third] = source.epochs;
  const broken = { epochs: [{ ...first, x: [1] }, { ...second, y: second.y.map(() => null) }, third], test: 5 };
  const found = parseEmbedding(broken);
  assert.deepEqual([found.epochs.map(({ epoch }) => epoch), found.test], [[3], null]);
  for (const hostile of HOSTILE) assert.deepEqual(parseEmbedding(hostile).epochs, []);
});
