import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { hasFallen, insightsOf } from '../../web/core/insights.js';

const PER_EPOCH = 50;

/** A log of made-up curves: train and validation loss of epoch n (from 1), the loss of batch n. */
function logOf({ epochs = 20, train, validation, accuracy, batch, rate, events = [] }) {
  const numbers = Array.from({ length: epochs }, (_, row) => row + 1);
  const steps = Array.from({ length: epochs * PER_EPOCH }, (_, row) => row + 1);
  const losses = steps.map(batch ?? ((step) => train(step / PER_EPOCH)));
  return parseLog({
    status: 'completed',
    dataset: { name: 'mnist', validation: 5000 },
    events,
    batches: { step: steps, epoch: steps.map((step) => Math.ceil(step / PER_EPOCH)), loss: losses, loss_min: losses, loss_max: losses, lr: steps.map(rate ?? (() => 0.01)) },
    epochs: {
      epoch: numbers,
      step: numbers.map((epoch) => epoch * PER_EPOCH),
      train_loss: numbers.map(train),
      val_loss: numbers.map(validation ?? train),
      val_accuracy: numbers.map(accuracy ?? ((epoch) => 1 - 0.1 / epoch)),
    },
  });
}

const falling = (epoch) => 0.5 / epoch;
const kinds = (log) => insightsOf(log).map(({ kind }) => kind);

test('a clean curve has no insights', () => {
  assert.deepEqual(kinds(logOf({ train: falling })), []);
  const swings = (step) => falling(Math.max(0.2, step / PER_EPOCH)) * (1 + 0.5 * Math.sin(step * 1.7));
  assert.deepEqual(kinds(logOf({ train: falling, batch: swings })), []);
  assert.deepEqual(kinds(logOf({ train: falling, accuracy: (epoch) => 0.99 + 0.0005 * (epoch % 2) })), []);
  assert.deepEqual(kinds(parseLog({})), []);
  assert.deepEqual(kinds(logOf({ train: falling, epochs: 1 })), []);
});

for (const onsets of [[300], [120, 700], [100, 300, 500, 900]]) {
  test(`a rate that changes at steps ${onsets} is reported there, the last three times`, () => {
    const level = (step) => 0.1 ** (1 + onsets.filter((onset) => step >= onset).length);
    const between = (step) => (onsets.includes(step) ? (level(step) + level(step - 1)) / 2 : level(step)); // a bucket of both
    for (const rate of [level, between]) {
      const found = insightsOf(logOf({ train: falling, rate }));
      assert.deepEqual(found.map(({ kind, step }) => [kind, step]), onsets.slice(-3).map((step) => ['lr changed', step]));
    }
    assert.match(insightsOf(logOf({ train: falling, rate: level }))[0].text, /from [\d.e-]+ to [\d.e-]+\.$/);
  });
}

test('a gradual schedule is not an event', () => {
  const trapezoid = (step) => 0.01 * Math.min(1, step / 200, (1001 - step) / 800);
  const cosine = (step) => 0.005 * (1 + Math.cos((Math.PI * step) / 1000));
  const steep = (step) => 0.01 * Math.min(1, step / 3);
  for (const rate of [trapezoid, cosine, steep, () => null]) assert.deepEqual(kinds(logOf({ train: falling, rate })), []);
});

for (const onset of [4, 9, 15]) {
  test(`overfitting that begins after epoch ${onset} is detected there`, () => {
    const validation = (epoch) => (epoch <= onset ? 0.5 / epoch : 0.5 / onset + 0.02 * (epoch - onset));
    const accuracy = (epoch) => 1 - 0.1 / Math.min(epoch, onset);
    const [found, ...others] = insightsOf(logOf({ train: falling, validation, accuracy }));
    assert.deepEqual([found.kind, found.step, others.length], ['overfitting', onset * PER_EPOCH, 0]);
    assert.match(found.text, new RegExp(`after epoch ${onset}:`));
    assert.deepEqual(kinds(logOf({ train: falling, validation })), [], 'while more and more is read rightly');
    assert.equal(kinds(logOf({ train: falling, validation, accuracy: () => null }))[0], 'overfitting', 'loss alone');
  });

  test(`a plateau from epoch ${onset} on is detected there if it is long enough`, () => {
    const log = logOf({ train: (epoch) => 0.5 / Math.min(epoch, onset), epochs: onset + 6 });
    assert.deepEqual(insightsOf(log).map(({ kind, step }) => [kind, step]), [['plateau', onset * PER_EPOCH]]);
    assert.deepEqual(kinds(logOf({ train: (epoch) => 0.5 / Math.min(epoch, onset), epochs: onset + 3 })), []);
  });

  test(`a best epoch ${onset} is reported if later epochs are clearly worse`, () => {
    const peak = (drop) => (epoch) => 0.98 - drop * Math.abs(epoch - onset);
    const [found] = insightsOf(logOf({ train: falling, accuracy: peak(0.002) }));
    assert.deepEqual([found.kind, found.step], ['best', onset * PER_EPOCH]);
    assert.deepEqual(kinds(logOf({ train: falling, accuracy: peak(0.0001) })), [], 'within chance');
  });

  test(`spikes are detected, the highest at step ${onset * 40}`, () => {
    const spikes = new Map([[onset * 40, 9], [onset * 40 + 100, 4]]);
    const batch = (step) => spikes.get(step) ?? 0.1;
    const [found, ...others] = insightsOf(logOf({ train: falling, batch }));
    assert.deepEqual([found.kind, found.step, others.length], ['spike', onset * 40, 0]);
    assert.match(found.text, /9\.000.*90 times.*highest of 2/);
  });
}

test('a drop of validation accuracy is reported with its likely cause, the highest learning rate set in between', () => {
  const accuracy = (epoch) => (epoch <= 3 ? 0.97 + epoch / 500 : epoch === 4 ? 0.96 : 0.0988);
  const event = (step, value, kind = 'lr changed') => ({ step, kind, text: `learning rate 0.006 became ${value}`, value });
  const events = [event(20, 9), event(210, 5), event(230, 0.001), event(240, 0, 'epochs changed'), event(900, 8)];
  const found = insightsOf(logOf({ epochs: 7, train: falling, accuracy, events: events.map((one) => ({ ...one, time: null })) }));
  assert.deepEqual(found.map(({ kind, step }) => [kind, step]), [['accuracy fell', 250]]);
  assert.equal(found[0].text, 'Validation accuracy fell from 97.60\u00a0% after epoch 3 to 9.88\u00a0% after epoch 7. '
    + 'Likely cause, at step 210: learning rate 0.006 became 5.');
  const alone = insightsOf(logOf({ epochs: 5, train: falling, accuracy }));
  assert.match(alone[0].text, /after epoch 5\.$/, 'at once, and without a cause where none is logged');
  const rate = (step) => (step < 220 ? 0.01 : 5);
  const foreign = insightsOf(logOf({ epochs: 5, train: falling, accuracy, rate }));
  assert.match(foreign.at(-1).text, /Likely cause, at step 220: The learning rate changed from 0.01 to 5/);
  const recovered = (epoch) => (epoch === 3 ? 0.5 : 0.97);
  assert.deepEqual(kinds(logOf({ epochs: 5, train: falling, accuracy: recovered })), []);
});

test('a drop must be significant', () => {
  assert.deepEqual([[0.98, 0.92], [0.98, 0.94], [null, 0.1], [0.9, null]].map((pair) => hasFallen(...pair)), [true, false, false, false]);
});

test('a steep start is not a spike', () => {
  assert.deepEqual(kinds(logOf({ train: falling, batch: (step) => 0.1 + 2.3 * Math.exp(-step / 20) })), []);
});

test('a non-finite loss is reported unless the trainer did', () => {
  const batch = (step) => (step === 600 ? NaN : 0.1);
  assert.deepEqual(insightsOf(logOf({ train: falling, batch })).map(({ kind, step }) => [kind, step]), [['not finite', 600]]);
  const events = [{ step: 600, kind: 'diverged', text: 'The loss of step 600 is no finite number.' }];
  assert.deepEqual(kinds(logOf({ train: falling, batch, events })), []);
});

test('the golden run has only insights on its two steps without a loss', () => {
  const source = readFileSync(new URL('../fixtures/golden/training_log.json', import.meta.url), 'utf8');
  assert.deepEqual(kinds(parseLog(JSON.parse(source))), ['not finite']);
});
