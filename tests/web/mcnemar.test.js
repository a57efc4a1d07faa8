import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discordant, mcnemar, verdict } from '../../web/mcnemar.js';

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

test("McNemar's test agrees with a count in whole numbers", () => {
  for (const [a, b] of [[0, 0], [1, 0], [5, 5], [3, 9], [12, 6], [40, 70], [0, 30], [300, 350], [900, 1100]]) {
    assert.ok(Math.abs(mcnemar({ a, b }) - recount(a, b)) < 1e-9, `${a}, ${b}`);
    assert.equal(mcnemar({ a, b }), mcnemar({ a: b, b: a }));
  }
});

const answers = (labels, predictions) => ({ labels, predictions });

test('only images that one of the two reads rightly count', () => {
  const labels = [1, 2, 3, 4, 5];
  const counts = discordant(answers(labels, [1, 2, 0, 4, 0]), answers(labels, [1, 0, 3, 0, 9]));
  assert.deepEqual(counts, { a: 2, b: 1 });
});

test('the sentence says how much better, and how often chance does as much', () => {
  const labels = Array(40).fill(7);
  const reading = (right, from = 0) => answers(labels, labels.map((_, index) => (index >= from && index < from + right ? 7 : 0)));
  assert.equal(verdict(reading(20), reading(20, 10)), 'Both read equally many digits of the test set.');
  assert.equal(verdict(reading(21, 9), reading(15)), 'The run shown reads 6 more digits; a difference this small happens by chance 3 times in 10.');
  assert.equal(verdict(reading(10), reading(19)), 'The run shown reads 9 fewer digits; a difference this large happens by chance 4 times in 1,000.');
  assert.equal(verdict(reading(40), reading(0)), 'The run shown reads 40 more digits; chance alone would hardly ever make such a difference.');
});

test('runs on other images cannot be compared', () => {
  assert.equal(verdict(answers([1, 2], [1, 2]), answers([1], [1])), null);
  assert.equal(verdict(answers([1, 2], [1, 2]), answers([2, 1], [1, 2])), null);
  assert.equal(verdict(null, answers([1], [1])), null);
});
