import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { secondsOf } from '../../web/core/status.js';
import { answersAt, epochAt, insteadOf, keptAt, logAt, placeIn, replayed } from '../../web/core/timeline.js';

const set = (kind, epoch) => ({ kind, epoch, labels: [1], predictions: [1], isCalibrated: false, confidences: [1], probabilities: new Map() });

test('the latest epoch is null, so that a live run is followed', () => {
  const epochs = [1, 2, 4];
  assert.deepEqual([null, 1, 3, 4, 9, 0].map((epoch) => placeIn(epochs, epoch)), [2, 0, 1, 2, 2, 0]);
  assert.deepEqual([0, 1, 2, 7, -3].map((place) => epochAt(epochs, place)), [1, 2, null, null, 1]);
});

test('a replay visits every epoch in its time', () => {
  const epochs = [1, 2, 3, 4, 5];
  const places = Array.from({ length: 41 }, (_, half) => replayed(epochs, half / 2, 20));
  assert.deepEqual([...new Set(places)], [0, 1, 2, 3, 4]);
  assert.equal(places[39], 4);
});

test('an epoch that was not kept is replaced by the one before it, with a note', () => {
  const rows = [{ epoch: 2 }, { epoch: 4 }];
  assert.deepEqual([null, 4, 3, 2, 1].map((epoch) => keptAt(rows, epoch)?.epoch ?? null), [4, 4, 2, 2, null]);
  assert.equal(insteadOf('Weights', 3, 2), 'Weights of epoch 3 are not kept: these are of epoch 2.');
  assert.equal(insteadOf('Weights', 3, null), 'Weights of epoch 3 are not kept.');
  assert.equal(insteadOf('Weights', null, 2), '');
});

test('the switch decides on the set, the scrubber on the epoch', () => {
  const sets = [set('validation', 1), set('validation', 2), set('test', null)];
  assert.deepEqual(answersAt(sets, 'validation', 1), { set: sets[0], note: '' });
  assert.deepEqual(answersAt(sets, 'validation', null), { set: sets[1], note: '' });
  assert.deepEqual(answersAt(sets, 'test', null), { set: sets[2], note: '' });
  assert.match(answersAt(sets, 'test', 1).note, /evaluated once/);
  assert.match(answersAt(sets.slice(0, 2), 'test', null).note, /at the end/);
  assert.equal(answersAt(sets.slice(2), 'validation', null).set, sets[2]);
  assert.equal(answersAt([], 'validation', null).set, null);
});

test('the log as it was after an epoch has no later rows', () => {
  const log = /** @type {any} */ (parseLog({
    epochs: { epoch: [1, 2, 3], step: [10, 20, 30], val_loss: [3, 2, 1] }, batches: { step: [5, 10, 15, 20, 25, 30], seconds: [1, 2, 3, 4, 5, 6] },
    progress: { epoch: 3, epochs: 3 }, test: { accuracy: 0.99 },
  }));
  const { epochs, batches, progress, test: tested } = logAt(log, 2);
  assert.deepEqual([epochs.epoch, epochs.val_loss, batches.step, progress.epoch, progress.epochs, tested], [[1, 2], [3, 2], [5, 10, 15, 20], 2, 3, null]);
  assert.equal(secondsOf(logAt(log, 2)), 4, 'the time until then');
  assert.equal(logAt(log, null), log);
  assert.equal(logAt(log, 3), log);
});
