import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { robustAccuracyRange, robustRange } from '../../web/charts/range.js';
import { plotOf } from '../../web/charts/plot.js';
import { nearest, prepare } from '../../web/charts/series.js';

const MEASURES = [{ key: 'loss', range: robustRange }, { key: 'accuracy', range: robustAccuracyRange }];
const SIZE = { width: 600, height: 300 };

function run({ buckets = 0, perBucket = 1, batches = 100, first = 1, rows = 0, plan = true }) {
  const step = Array.from({ length: buckets }, (_, index) => (index + 1) * perBucket);
  const epoch = Array.from({ length: rows }, (_, index) => first + index);
  return parseLog({
    progress: plan ? { batches } : {},
    batches: {
      step,
      epoch: step.map((at) => first + Math.floor((at - 1) / batches)),
      loss: step.map((at) => 1 / at),
      accuracy: step.map(() => 0.9),
    },
    epochs: {
      epoch,
      step: epoch.map((_, index) => (index + 1) * batches),
      train_loss: epoch.map(() => 0.1),
      val_loss: epoch.map(() => 0.2),
    },
  });
}

test('batches lie between the epochs that they belong to', () => {
  const { unit, batchX, full } = prepare(run({ buckets: 25, perBucket: 10, rows: 2 }));
  assert.equal(unit, 'epoch');
  assert.equal(batchX[4], 0.5);
  assert.equal(batchX.at(-1), 2.5);
  assert.deepEqual(full, [0, 3]);
});

test('a mean over an epoch is drawn in its middle, the validation at its end', () => {
  const { loss } = prepare(run({ buckets: 20, perBucket: 10, rows: 2 }));
  assert.deepEqual(loss.train.map(({ x }) => x), [0.5, 1.5]);
  assert.deepEqual(loss.validation.map(({ x }) => x), [1, 2]);
});

test('a resumed run begins where it left off', () => {
  const { batchX, full } = prepare(run({ buckets: 100, first: 4, rows: 1 }));
  assert.equal(batchX.at(-1), 4);
  assert.deepEqual(full, [3, 4]);
});

test('without totals the finished epochs determine the scale', () => {
  const { batchX } = prepare(run({ buckets: 15, perBucket: 10, rows: 1, plan: false }));
  assert.equal(batchX.at(-1), 1.5);
});

test('a run without epochs is drawn over steps', () => {
  const { unit, full, batchX } = prepare(parseLog({ batches: { step: [5, 10], loss: [2, 1] } }));
  assert.equal(unit, 'step');
  assert.deepEqual([batchX, full], [[5, 10], [0, 10]]);
});

test('a gap stays a gap', () => {
  const log = parseLog({
    progress: { batches: 10 },
    batches: { step: [1, 2, 3], epoch: [1, 1, 1], loss: [1, null, 2] },
    epochs: { epoch: [1, 2], val_loss: [null, 1] },
  });
  const { loss } = prepare(log);
  assert.deepEqual(loss.batch, [1, null, 2]);
  assert.equal(loss.validation.length, 1);
});

test('the nearest of ascending values is found, also at both ends and among none', () => {
  const values = [1, 2, 4, 8];
  assert.deepEqual([0, 1.4, 1.6, 5, 7, 99].map((x) => nearest(values, x)), [0, 0, 1, 2, 3, 3]);
  assert.equal(nearest([], 1), -1);
});

test('a thousand buckets and a thousand epochs are plotted with few ticks', () => {
  const log = run({ buckets: 1000, perBucket: 100, batches: 100, rows: 1000 });
  const curves = prepare(log);
  for (const measure of MEASURES) {
    const plot = plotOf(curves, measure, null, SIZE);
    assert.ok(plot.xTicks.values.length > 2 && plot.xTicks.values.length < 20);
  }
});

test('an empty chart has axes', () => {
  for (const measure of MEASURES) {
    const plot = plotOf(prepare(parseLog({})), measure, null, SIZE);
    assert.ok(plot.yTicks.values.every(Number.isFinite));
  }
});

test('a mark without space keeps its line and loses its label', () => {
  const log = run({ buckets: 100, rows: 1 });
  log.events = Array.from({ length: 50 }, () => ({ step: 50, kind: 'lr', text: '', time: null }));
  const { events } = plotOf(prepare(log), MEASURES[0], null, SIZE);
  assert.equal(events.length, 50);
  assert.equal(events.filter(({ lane }) => lane !== null).length, 2);
});

test('the mark of the cause of a drop keeps its label among many others', () => {
  const crowd = Array.from({ length: 60 }, (_, index) => ({ step: 150 + index, kind: 'snapshot', text: '', time: null }));
  const log = parseLog({
    batches: { step: [100, 200, 300], epoch: [1, 2, 3], loss: [1, 1, 1] },
    epochs: { epoch: [1, 2, 3], step: [100, 200, 300], val_accuracy: [0.9, 0.95, 0.1] },
    events: [...crowd, { step: 206, kind: 'lr changed', text: 'learning rate 0.006 became 5', value: 5 }].sort((a, b) => a.step - b.step),
  });
  for (const width of [320, 600, 1400]) {
    const { events } = plotOf(prepare(log), MEASURES[0], null, { width, height: 300 });
    assert.equal(events.length, 62);
    for (const kind of ['lr changed', 'accuracy fell']) assert.notEqual(events.find((event) => event.kind === kind).lane, null, `${kind} at ${width}`);
  }
});
