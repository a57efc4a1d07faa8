import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, counted, date, decimal, duration, likelihood, percent, shape, whole } from '../../web/core/format.js';

const plain = (text) => text.replaceAll('\u00a0', ' ');

test('a loss has significant digits for its magnitude', () => {
  const cases = [
    [0, '0.0000'], [0.0123, '0.0123'], [0.00012, '0.000120'], [0.0000034, '3.40e-6'], [1.23456, '1.235'], [12.3456, '12.35'], [2345.67, '2345.7'],
    [3e9, '3.00e9'],
  ];
  for (const [value, text] of cases) assert.equal(decimal(value), text);
});

test('a probability is never 100 %, and is marked if uncalibrated', () => {
  const cases = [[0.94949, '94.9 %'], [0.9996, '99.9 %'], [1, '99.9 %'], [0, '0.0 %'], [null, '–']];
  for (const [value, text] of cases) assert.equal(plain(likelihood(value)), text);
  assert.equal(plain(likelihood(0.707, false)), '70.7 % (uncalibrated)');
});

test('a percentage below 1 never rounds up to 100 %', () => {
  assert.equal(plain(percent(0.9894)), '98.94 %');
  assert.equal(plain(percent(0.999999)), '99.99 %');
  assert.equal(plain(percent(1)), '100.00 %');
  assert.equal(plain(percent(0.625, 0)), '63 %');
});

test('a duration has its two largest units', () => {
  const cases = [
    [0.42, '0.4 s'], [12, '12 s'], [59.6, '1 min 0 s'], [72, '1 min 12 s'], [3900, '1 h 05 min'], [183_600, '2 d 3 h'],
  ];
  for (const [seconds, text] of cases) assert.equal(plain(duration(seconds)), text);
});

test('whole numbers are grouped, shapes joined, nouns counted', () => {
  assert.equal(whole(246026), '246,026');
  assert.equal(shape([16, 28, 28]), '16×28×28');
  assert.equal(shape([null, 10]), '?×10');
  assert.equal(counted(1, 'epoch'), '1 epoch');
  assert.equal(counted(2000, 'step'), '2,000 steps');
});

test('unknown values are a dash', () => {
  for (const format of [decimal, percent, duration, whole, clock, date]) assert.equal(format(null), '–');
  assert.equal(shape([]), '–');
  assert.equal(duration(-1), '–');
});

test('a time of today has no date, an older one has', () => {
  const noon = new Date(2026, 10, 20, 12, 3, 11).getTime();
  assert.equal(clock(noon, noon + 1000), '12:03:11');
  assert.equal(clock(noon, noon + 86_400_000), '20 Nov 2026, 12:03:11');
  assert.equal(date(noon), '20 Nov 2026, 12:03');
});
