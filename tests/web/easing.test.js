import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Easing } from '../../web/charts/easing.js';

test('an axis widens at once and never narrows a little', () => {
  const easing = new Easing();
  assert.deepEqual(easing.next({ low: 0, high: 1 }, 'a', 0), { low: 0, high: 1 });
  assert.deepEqual(easing.next({ low: 0, high: 3 }, 'a', 10), { low: 0, high: 3 });
  assert.deepEqual(easing.next({ low: 0.5, high: 2.5 }, 'a', 20), { low: 0, high: 3 });
  assert.equal(easing.isMoving, false);
});

test('an axis that is mostly empty narrows in many small steps', () => {
  const easing = new Easing();
  easing.next({ low: 0, high: 10 }, 'a', 0);
  const highs = Array.from({ length: 40 }, (_, frame) => easing.next({ low: 0, high: 2 }, 'a', 100 + frame * 16).high);
  assert.equal(highs[0], 10);
  assert.equal(highs.at(-1), 2);
  highs.slice(1).forEach((high, frame) => assert.ok(high <= highs[frame] && highs[frame] - high < 1, `${high}`));
  assert.equal(easing.isMoving, false);
});

test('another run or other looks are shown at once', () => {
  const easing = new Easing();
  easing.next({ low: 0, high: 10 }, 'a', 0);
  assert.deepEqual(easing.next({ low: 0, high: 1 }, 'b', 1), { low: 0, high: 1 });
});

test('a movement that is stopped is over, and the next range is shown at once', () => {
  const easing = new Easing();
  easing.next({ low: 0, high: 10 }, 'a', 0);
  easing.next({ low: 0, high: 2 }, 'a', 100);
  assert.equal(easing.isMoving, true);
  easing.stop();
  assert.equal(easing.isMoving, false);
  assert.deepEqual(easing.next({ low: 0, high: 3 }, 'a', 110), { low: 0, high: 3 });
});
