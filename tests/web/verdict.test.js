/** Page and Python give the same verdict on a picture: tests/test_page_network.py makes pictures and answers. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { REASONS, rejectionReason } from '../../web/pad/input-checks.js';
import { explanation, judge, oodScore, softmax } from '../../web/pad/verdict.js';

const folder = process.env.NETWORKS ?? fileURLToPath(new URL('../fixtures/network', import.meta.url));
const { temperature, cases } = JSON.parse(readFileSync(`${folder}/verdicts.json`));
const given = cases.map((one) => ({ ...one, pixels: new Uint8Array(Buffer.from(one.pixels, 'base64')) }));
const written = given.filter(({ pixels }) => pixels.some(Boolean));

test('the input checks reject the same images as in Python', () => {
  for (const one of written) assert.equal(rejectionReason(one), one.refused);
  assert.ok(new Set(written.map((one) => one.refused)).size >= 3);
});

test('OOD scores and probabilities are those of Python', () => {
  for (const { logits, ...one } of given) {
    assert.ok(Math.abs(oodScore(logits) - one.energy) < 1e-4);
    softmax(logits, temperature).forEach((share, digit) => assert.ok(Math.abs(share - one.probabilities[digit]) < 1e-6));
  }
});

test('the status follows from input checks, OOD score and confidence', () => {
  const digit = written.find((one) => !one.refused);
  const sure = [9, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const status = (prepared, logits, oodThreshold) => judge(prepared, logits, { temperature: 1, oodThreshold }).status;
  assert.equal(status(digit, sure, null), 'ok');
  assert.equal(status(digit, sure, -8), 'ok');
  assert.equal(status(digit, sure, -10), 'not_a_digit');
  assert.equal(status(digit, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0], null), 'uncertain');
  assert.equal(status(written.find((one) => one.refused), sure, null), 'not_a_digit');
  assert.equal(status({ pixels: new Uint8Array(784), parts: 0 }, sure, -10), 'empty');
  const { label, ranking, reason } = judge(digit, [0, 1, 2, 3, 4, 9, 8, 7, 6, 5], { temperature: 1, oodThreshold: -20 });
  assert.deepEqual([label, ranking.slice(0, 3), reason], [5, [5, 6, 7], REASONS.unlike]);
});

test('probabilities of huge logits are finite', () => {
  assert.deepEqual(softmax([1e4, 0, -1e4], null), [1, 0, 0]);
});

test('an outlier at the edge or of faint strokes has that reason, unless the network has no idea', () => {
  const digit = written.find((one) => !one.refused);
  const faint = { ...digit, pixels: digit.pixels.map((pixel) => pixel / 3) };
  const seen = (prepared, logits = [0, 9, 0, 0, 0, 0, 0, 0, 0, 0]) => explanation(judge(prepared, logits, { temperature: 1, oodThreshold: -20 }));
  assert.deepEqual(seen(digit), ['Not a digit', 'unlike any digit; nearest: 1']);
  assert.deepEqual(seen({ ...digit, touchesEdge: true }), ['Unclear', 'looks like 1, but touches the edge']);
  assert.deepEqual(seen(faint), ['Unclear', 'looks like 1, but the strokes are very faint']);
  assert.deepEqual(seen(faint, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), ['Not a digit', 'the strokes are very faint; nearest: 1']);
});
