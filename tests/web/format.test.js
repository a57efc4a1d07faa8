import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  bytes, clock, counted, date, decimal, duration, exact, likelihood, percent, plusMinus, points, rate, shape, whole,
} from '../../web/core/format.js';

const plain = (text) => text.replaceAll('\u00a0', ' ');

// tests/test_number_format.py reads this table, too
const CASES = JSON.parse(readFileSync(new URL('../fixtures/number-formats.json', import.meta.url), 'utf8'));
const FORMATS = {
  decimal, rate, percent, probability: (value) => likelihood(value), duration, estimate: (seconds) => duration(seconds, false), bytes, count: whole,
};

for (const [kind, cases] of Object.entries(CASES)) {
  test(`each ${kind} is formatted as in the terminal`, () => {
    assert.ok(cases.length > 2);
    for (const [value, text] of cases) assert.equal(plain(FORMATS[kind](value)), text);
  });
}

test('a probability is marked if it is uncalibrated', () => {
  assert.equal(plain(likelihood(0.707, false)), '70.7 % (uncalibrated)');
  assert.equal(likelihood(null), '–');
});

test('a percentage has the wanted decimals', () => assert.equal(plain(percent(0.625, 0)), '63 %'));

test('a number that someone chose is not rounded', () => {
  assert.deepEqual([60000, 0.9995, 128, 0.00012345].map(exact), ['60,000', '0.9995', '128', '0.00012345']);
});

test('a spread has no more decimals than its mean, unless it would be 0', () => {
  const cases = [['0.0548', '0.000862', '0.0548 ± 0.0009'], ['0.0548', '0.0000123', '0.0548 ± 0.0000123'], ['99.66 %', '0.11 %', '99.66 ± 0.11 %'], ['1.5', '0.2', '1.5 ± 0.2']];
  for (const [value, spread, expected] of cases) assert.equal(plain(plusMinus(value, spread)), expected);
});

test('a difference of fractions has percentage points', () => assert.equal(points(-0.00123), '0.12'));

test('whole numbers are grouped, shapes joined, nouns counted', () => {
  assert.equal(whole(246026), '246,026');
  assert.equal(shape([16, 28, 28]), '16×28×28');
  assert.equal(shape([null, 10]), '?×10');
  assert.equal(counted(1, 'epoch'), '1 epoch');
  assert.equal(counted(2000, 'step'), '2,000 steps');
});

test('unknown values are a dash', () => {
  for (const format of [decimal, rate, percent, duration, whole, clock, date]) assert.equal(format(null), '–');
  assert.equal(shape([]), '–');
  assert.equal(duration(-1), '–');
});

test('a time of today has no date, an older one has', () => {
  const noon = new Date(2026, 10, 20, 12, 3, 11).getTime();
  assert.equal(clock(noon, noon + 1000), '12:03:11');
  assert.equal(clock(noon, noon + 86_400_000), '20 Nov 2026, 12:03:11');
  assert.equal(date(noon), '20 Nov 2026, 12:03');
});
