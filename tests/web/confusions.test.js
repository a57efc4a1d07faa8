import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ranked } from '../../web/views/confusions.js';
import { historyOf, sinceOf } from '../../web/views/error-history.js';
import { pathOf } from '../../web/views/sparkline.js';

const answers = (labels, predictions) => /** @type {any} */ ({ labels, predictions });

test('confusions are ranked, without correct predictions', () => {
  const counts = Array.from({ length: 10 }, () => Array(10).fill(0));
  counts[5][3] = 4;
  counts[4][9] = 7;
  counts[1][1] = 90;
  assert.deepEqual(ranked(counts), [{ label: 4, prediction: 9, images: 7 }, { label: 5, prediction: 3, images: 4 }]);
});

test('the error of each cell and digit is recounted for every epoch', () => {
  const { cells, digits, most } = historyOf([answers([5, 5, 5, 1], [3, 3, 5, 1]), answers([5, 5, 5, 1], [5, 3, 5, 1])]);
  assert.deepEqual(cells[5][3], [2, 1]);
  [2 / 3, 1 / 3].forEach((error, epoch) => assert.ok(Math.abs((digits[5][epoch] ?? 0) - error) < 1e-12));
  assert.deepEqual(digits[0], [null, null]);
  assert.equal(most, 2);
});

test('a confusion began with the first of the epochs without a gap that lead to the chosen one', () => {
  const sets = [[3], [5], [3], [3], [5]].map((predictions, index) => ({ ...answers([5], predictions), epoch: 2 * index + 1 }));
  const since = (epoch) => sinceOf(historyOf(sets), { label: 5, prediction: 3 }, epoch);
  assert.deepEqual([1, 5, 7].map(since), [1, 5, 5]);
  assert.equal(since(null), null);
  assert.equal(sinceOf(historyOf(sets.slice(0, 1)), { label: 5, prediction: 3 }, 1), null);
});

test('a sparkline spans its box and has gaps', () => {
  assert.equal(pathOf([0, null, 1]), 'M0.0 23.0M100.0 1.0');
  assert.equal(pathOf([null]), '');
  assert.equal(pathOf([2, 2]), 'M0.0 23.0L100.0 23.0');
});
