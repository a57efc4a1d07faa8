import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linear, logTicks, logarithmic, niceStep, ticks } from '../../web/charts/scale.js';

test('a scale and its inverse agree', () => {
  const scale = linear([0, 10], [50, 250]);
  assert.equal(scale(5), 150);
  assert.equal(scale.invert(150), 5);
  assert.equal(linear([3, 3], [0, 100])(3), 0, 'an empty domain is no division by zero');
});

test('steps are 1, 2 or 5 times a power of ten', () => {
  const cases = [[0.9, 1], [1, 1], [1.1, 2], [2.1, 5], [5.1, 10], [0.0003, 0.0005], [0, 1], [NaN, 1]];
  for (const [wanted, step] of cases) assert.ok(Math.abs(niceStep(wanted) - step) < 1e-12, `${wanted}`);
});

test('ticks are round numbers inside the axis, without rounding errors', () => {
  assert.deepEqual(ticks(0, 0.3, 3).values, [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(0.97, 1, 3).values, [0.97, 0.98, 0.99, 1]);
  assert.deepEqual(ticks(0, 10, 5).values, [0, 2, 4, 6, 8, 10]);
  assert.equal(ticks(0.97, 1, 3).decimals, 2);
});

test('a smallest step keeps an axis of whole epochs whole', () => {
  assert.deepEqual(ticks(0, 4, 20, 1).values, [0, 1, 2, 3, 4]);
});

test('the number of ticks is bounded for any axis', () => {
  for (const [low, high] of [[0, 0], [1, 1e-300], [-1e300, 1e300], [0, 1e-12], [1e9, 1e9 + 1]]) {
    assert.ok(ticks(low, high, 5).values.length <= 100);
  }
});

test('a logarithmic scale gives equal space to equal factors, and is invertible', () => {
  const scale = logarithmic([0.001, 1], [300, 0]);
  assert.ok(Math.abs(scale(0.01) - 200) < 1e-9 && Math.abs(scale(0.1) - 100) < 1e-9);
  assert.ok(Math.abs(scale.invert(150) - 10 ** -1.5) < 1e-9);
  assert.equal(scale(0), 300, 'zero and negative values lie at its lower end');
});

test('logarithmic ticks are 1, 2 and 5 times powers of ten, and fewer where there are many', () => {
  assert.deepEqual(logTicks(0.04, 3, 8).values, [0.05, 0.1, 0.2, 0.5, 1, 2]);
  assert.deepEqual(logTicks(1e-6, 1, 7).values, [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]);
  assert.ok(logTicks(1e-30, 1e30, 6).values.length <= 8);
});
