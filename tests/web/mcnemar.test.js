import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discordant, mcnemar } from '../../web/core/statistics.js';
import { verdict } from '../../web/views/mcnemar.js';

/** The same probability with whole numbers: sums of Pascal's triangle. */
function recount(a, b) {
  const n = BigInt(a + b);
  let [choose, tail] = [1n, 0n];
  for (let k = 0n; k <= BigInt(Math.min(a, b)); k += 1n) {
    tail += choose;
    choose = (choose * (n - k)) / (k + 1n);
  }
  const scaled = (2n * tail * 10n ** 18n) / 2n ** n;
  return Math.min(1, Number(scaled) / 1e18);
}

test("McNemar's test agrees with integer arithmetic", () => {
  for (const [a, b] of [[0, 0], [1, 0], [5, 5], [3, 9], [12, 6], [40, 70], [0, 30], [300, 350], [900, 1100]]) {
    assert.ok(Math.abs(mcnemar({ a, b }) - recount(a, b)) < 1e-9, `${a}, ${b}`);
    assert.equal(mcnemar({ a, b }), mcnemar({ a: b, b: a }));
  }
});

const answers = (labels, predictions) => ({ labels, predictions });

test('only images that exactly one run classifies correctly count', () => {
  const labels = [1, 2, 3, 4, 5];
  const counts = discordant(answers(labels, [1, 2, 0, 4, 0]), answers(labels, [1, 0, 3, 0, 9]));
  assert.deepEqual(counts, { a: 2, b: 1 });
});

test("McNemar's test agrees with published values of the exact binomial test", () => {
  // R: binom.test(3, 12), binom.test(5, 20), binom.test(10, 19), binom.test(0, 30)
  for (const [a, b, p] of [[3, 9, 0.14599609375], [5, 15, 0.04138946533203125], [10, 9, 1], [0, 30, 2 ** -29]]) {
    assert.ok(Math.abs(mcnemar({ a, b }) - p) < 1e-12, `${a}, ${b}`);
  }
});

test('the sentence gives the probability of such a difference between equally good models', () => {
  const labels = Array(40).fill(7);
  const reading = (right, from = 0) => answers(labels, labels.map((_, index) => (index >= from && index < from + right ? 7 : 0)));
  const sentence = (images, p) => `The run shown classifies ${images} correctly. If both models were equally good, `
    + `a difference at least this large would occur with probability ${p} (exact McNemar test).`;
  assert.equal(verdict(reading(20), reading(20, 10)), 'Both classify the same number of test images correctly.');
  assert.equal(verdict(reading(21, 9), reading(15)), sentence('6 more test images', '0.31'));
  assert.equal(verdict(reading(10), reading(11)), sentence('1 fewer test image', '1'));
  assert.equal(verdict(reading(10), reading(19)), sentence('9 fewer test images', '0.0039'));
  assert.equal(verdict(reading(40), reading(0)), sentence('40 more test images', 'below 0.001'));
});

test('runs on other images cannot be compared', () => {
  assert.equal(verdict(answers([1, 2], [1, 2]), answers([1], [1])), null);
  assert.equal(verdict(answers([1, 2], [1, 2]), answers([2, 1], [1, 2])), null);
  assert.equal(verdict(null, answers([1], [1])), null);
});
