import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clampView, robustAccuracyRange, robustRange, zoomAround } from '../../web/charts/range.js';

const curve = (length, value) => Array.from({ length }, (_, index) => ({ x: (10 * index) / length, y: value(index / length) }));

test('the large losses of the first steps are clipped, and their maximum is reported', () => {
  const { low, high, beyond } = robustRange(curve(1000, (t) => 2.3 * Math.exp(-t * 40) + 0.1 - 0.09 * t), []);
  assert.equal(low, 0);
  assert.ok(high < 0.2, `${high}`);
  assert.ok(beyond > 2);
});

test('a nearly constant curve is shown whole', () => {
  const { high, beyond } = robustRange(curve(100, (t) => 2.3 - t), []);
  assert.ok(high >= 2.3);
  assert.equal(beyond, null);
});

test('a lone spike may be clipped, a recent epoch may not', () => {
  const noisy = curve(200, (t) => (t === 0.5 ? 90 : 0.1));
  assert.ok(robustRange(noisy, []).high < 1);
  assert.ok(robustRange(noisy, [{ x: 9, y: 0.8 }]).high >= 0.8);
});

test('an accuracy axis between 97 and 100 % stays there, and never exceeds 100 %', () => {
  const { low, high, beyond } = robustAccuracyRange(curve(1000, (t) => 0.97 - 0.9 * Math.exp(-t * 40) + 0.02 * t), []);
  assert.ok(low >= 0.95, `${low}`);
  assert.equal(high, 1);
  assert.ok(beyond < 0.2);
});

test('an accuracy axis never falls below zero', () => {
  assert.ok(robustAccuracyRange(curve(50, () => 0), []).low >= 0);
});

test('no point, one point, equal points and negative losses give a usable axis', () => {
  const cases = [[], [{ x: 1, y: 0 }], [{ x: 1, y: 5 }, { x: 2, y: 5 }], [{ x: 0, y: -3 }, { x: 1, y: -7 }]];
  for (const points of cases) {
    const { low, high } = robustRange(points, []);
    assert.ok(low < high && Number.isFinite(low) && Number.isFinite(high), JSON.stringify(points));
  }
});

test('a zoom stays inside the run, and the whole run is no zoom', () => {
  assert.deepEqual(clampView([2, 4], [0, 10]), [2, 4]);
  assert.deepEqual(clampView([4, 2], [0, 10]), [2, 4]);
  assert.deepEqual(clampView([-1, 2], [0, 10]), [0, 3]);
  assert.deepEqual(clampView([9, 12], [0, 10]), [7, 10]);
  assert.equal(clampView([-1, 11], [0, 10]), null);
  const [from, to] = clampView([5, 5], [0, 10]);
  assert.ok(to > from);
});

test('zooming keeps the position under the pointer', () => {
  assert.deepEqual(zoomAround([0, 10], [0, 10], 5, 0.5), [2.5, 7.5]);
  assert.equal(zoomAround([2, 8], [0, 10], 5, 10), null);
});
