import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apart, lanes } from '../../web/charts/labels.js';

test('labels in one lane never touch, and those without space are dropped', () => {
  const labels = [0, 10, 20, 100].map((x) => ({ x, width: 40 }));
  assert.deepEqual(lanes(labels, 2), [0, 1, null, 0]);
});

test('a heavier label gets a lane before lighter ones to its left', () => {
  const labels = [0, 10, 20, 100].map((x, index) => ({ x, width: 40, weight: index === 2 ? 1 : 0 }));
  assert.deepEqual(lanes(labels, 2), [1, null, 0, 0]);
});

test('two hundred labels at one place take each lane once', () => {
  const taken = lanes(Array.from({ length: 200 }, () => ({ x: 5, width: 30 })), 2);
  assert.deepEqual(taken.filter((lane) => lane !== null), [0, 1]);
});

test('overlapping names move apart in order and stay inside', () => {
  assert.deepEqual(apart([50, 52], 15, 0, 200), [50, 65]);
  assert.deepEqual(apart([199, 198], 15, 0, 200), [200, 185]);
  assert.deepEqual(apart([], 15, 0, 200), []);
});
