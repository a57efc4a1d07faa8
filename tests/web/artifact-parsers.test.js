import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parsePredictions, parseSamples, parseWeights } from '../../web/core/artifact-parsers.js';
import { HOSTILE } from './hostile.js';

const GOLDEN = new URL('../fixtures/golden/', import.meta.url);
const golden = (file) => JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8'));

test('the golden samples are parsed', () => {
  const source = golden('test_samples.json');
  const { samples } = parseSamples(source);
  assert.equal(samples.length, source.samples.length);
  for (const sample of samples) {
    assert.equal(sample.pixels.length, 784);
    assert.equal(sample.probabilities.length, 10);
  }
});

test('the golden predictions are parsed, and the valid part of damaged ones', () => {
  const source = golden('predictions.json');
  const { sets } = parsePredictions(source);
  assert.deepEqual(sets.map(({ kind, epoch }) => [kind, epoch]), [['validation', 1], ['validation', 2], ['validation', 3], ['test', null]]);
  const last = sets.at(-1);
  assert.equal(last.labels.join(''), source.test.labels);
  assert.equal(last.predictions.join(''), source.test.predictions);
  assert.deepEqual(last.confidences, source.test.confidences);
  assert.deepEqual(last.probabilities.get(9), source.test.notable.probabilities[0]);
  const broken = { validation: { labels: '012', epochs: [{ epoch: 1, predictions: '01' }, { epoch: 2, predictions: '012' }] } };
  const [only, ...others] = parsePredictions(broken).sets;
  assert.deepEqual([only.epoch, only.confidences, only.probabilities.size, others.length], [2, [0, 0, 0], 0, 0]);
  for (const hostile of HOSTILE) assert.deepEqual(parsePredictions(hostile).sets, []);
});

test('the golden weights are parsed, and the valid part of damaged ones', () => {
  const source = golden('weights.json');
  const { filters, epochs } = parseWeights(source);
  assert.deepEqual(filters, source.filters);
  const rows = source.epochs.map((row) => ({ filters: [], ...row })); // the golden file is one without filters per epoch
  assert.deepEqual(epochs, rows);
  const broken = { filters: { ...source.filters, values: [1, 2] }, epochs: [{ epoch: 1, layers: [{ low: 0 }] }, source.epochs[1]] };
  assert.deepEqual(parseWeights(broken), { filters: null, epochs: [rows[1]] });
  assert.deepEqual(parseWeights({ ...source, epochs: [{ ...source.epochs[0], filters: [0.5, 'x'] }] }).epochs[0].filters, []);
  for (const hostile of HOSTILE) assert.deepEqual(parseWeights(hostile).epochs, []);
});

test('samples with a wrong number of pixels keep their prediction and lose their image', () => {
  const wrong = { label: 3, prediction: 3, pixels: [1, 2], probabilities: [2, -1, 'x'] };
  const { samples } = parseSamples({ samples: [wrong] });
  assert.equal(samples[0].pixels, null);
  assert.deepEqual(samples[0].probabilities, [1, 0, 0]);
});

test('probabilities are calibrated if the file has a temperature', () => {
  const cases = [[0.9, true], [null, false], [undefined, false], [0, false], [-1, false], ['x', false], [{}, false]];
  for (const [temperature, expected] of cases) {
    assert.equal(parseSamples({ samples: [{}], temperature }).isCalibrated, expected);
    const answers = { labels: '7', predictions: '7', confidences: [0.5], temperature };
    const { sets } = parsePredictions({ validation: { labels: '7', epochs: [{ ...answers, epoch: 1 }] }, test: answers });
    assert.deepEqual(sets.map(({ isCalibrated }) => isCalibrated), [expected, expected]);
  }
});
