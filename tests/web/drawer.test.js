import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageOf, nameOf, titleOf } from '../../web/core/images.js';
import { parseEmbedding } from '../../web/core/artifact-parsers.js';
import { answerAt, answerOf, filedAnswers, merged, probabilityOf } from '../../web/drawer/answers.js';
import { nearestTo, trainingImage } from '../../web/drawer/neighbors.js';
import { graysOf, sourceOf } from '../../web/drawer/pixels.js';
import { inTurn } from '../../web/drawer/turn.js';
import { historySentence, occlusionSentence, verdictSentence } from '../../web/drawer/why.js';
import { HOSTILE } from './hostile.js';

const ten = (digit, share) => Array.from({ length: 10 }, (_, at) => (at === digit ? share : (1 - share) / 9));
const setAt = (epoch, kind, predictions, confidences, probabilities = []) => ({
  kind, epoch, labels: [5, 3], predictions, confidences, isCalibrated: true, probabilities: new Map(probabilities),
});

test('a name holds the set and the place of an image', () => {
  assert.equal(nameOf('test', 17), 'test-17');
  assert.deepEqual(imageOf('training-4711'), { set: 'training', index: 4711 });
  assert.equal(titleOf('validation-1234'), 'Validation image 1,234');
});

test('answers of a validation image come from each epoch', () => {
  const predictions = { sets: [setAt(1, 'validation', [3, 3], [0.6, 0.9], [[0, ten(3, 0.6)]]), setAt(2, 'validation', [5, 3], [0.7, 0.8]), setAt(null, 'test', [0, 0], [1, 1])] };
  const { label, answers } = filedAnswers('validation-0', { samples: null, predictions, lastEpoch: 2 });
  assert.equal(label, 5);
  assert.deepEqual(answers.map(({ epoch, prediction, confidence, probabilities }) => [epoch, prediction, confidence, probabilities.length]), [[1, 3, 0.6, 10], [2, 5, 0.7, 0]]);
  assert.deepEqual(filedAnswers('validation-9', { samples: null, predictions, lastEpoch: 2 }), { label: null, answers: [] });
});

test('answers of a test image come from the samples, then from the evaluation at the end', () => {
  const samples = {
    epoch: 4, isCalibrated: true, samples: [{ index: 1, label: 3, probabilities: ten(3, 0.9) }],
    history: [{ epoch: 1, isCalibrated: false, probabilities: [ten(8, 0.5)] }, { epoch: 3, isCalibrated: true, probabilities: [ten(3, 0.8)] }],
  };
  const given = { samples, predictions: { sets: [setAt(null, 'test', [5, 3], [0.5, 0.91])] }, lastEpoch: 4 };
  const { label, answers } = filedAnswers('test-1', given);
  assert.equal(label, 3);
  assert.deepEqual(answers.map(({ epoch, prediction, isCalibrated }) => [epoch, prediction, isCalibrated]), [[1, 8, false], [3, 3, true], [4, 3, true]]);
  assert.equal(answers[2].confidence, 0.91, 'one image has one probability: that of predictions.json');
  assert.equal(answers[2].probabilities[3], 0.91);
  assert.equal(filedAnswers('test-1', { ...given, predictions: null }).answers[2].confidence, 0.9);
});

test("the network's answers complete those of the files and never replace them", () => {
  const [filed, computed] = [{ ...answerOf(2, ten(3, 0.9), true), probabilities: [] }, answerOf(2, ten(3, 0.8999), true)];
  const [answer, other] = merged([filed, computed, answerOf(1, ten(5, 0.7), false)].toReversed().toSorted((a) => (a === filed ? -1 : 1)));
  assert.deepEqual([answer.epoch, other.epoch, other.confidence, other.probabilities[3]], [1, 2, 0.9, 0.9]);
  assert.deepEqual([answerAt([answer, other], null)?.epoch, answerAt([answer, other], 1)?.epoch, answerAt([other], 1)?.epoch, answerAt([], 1)], [2, 1, 2, null]);
  assert.deepEqual([probabilityOf(filed, 3), probabilityOf(filed, 5), probabilityOf(answer, 5)], [0.9, null, 0.7]);
});

test('the verdict names label, confidence and calibration', () => {
  const answer = answerOf(1, [0, 0, 0, 0.8, 0, 0.15, 0.05, 0, 0, 0], true);
  assert.equal(verdictSentence(answer, 5), 'Predicted as 3 with 80.0\u00a0% confidence. The label, 5, gets 15.0\u00a0%.');
  assert.equal(verdictSentence({ ...answer, probabilities: [] }, 5), 'Predicted as 3 with 80.0\u00a0% confidence. The label is 5.');
  assert.equal(verdictSentence({ ...answer, isCalibrated: false }, 3), 'Predicted as 3 with 80.0\u00a0% confidence (uncalibrated). That is its label.');
});

test('the history says since when', () => {
  const sentence = (digits) => historySentence(Array.from(digits, (digit, at) => ({ epoch: at + 1, prediction: Number(digit) })));
  assert.equal(sentence(''), '');
  assert.equal(sentence('333'), 'Predicted as 3 after every epoch.');
  assert.equal(sentence('55833'), 'Predicted as 5 in epochs 1 to 2, 8 in epoch 3, 3 since epoch 4.');
  assert.equal(sentence('3535353'), 'The prediction changed 6 times: 3 since epoch 7.');
});

test('the sentence on the occlusion map names the decisive part', () => {
  const covered = { corner: [20, 0], drop: 0.8, probability: 0.1, prediction: 5 };
  assert.equal(occlusionSentence(covered, ten(3, 0.9)), 'Covering the top right lowers the probability of 3 from 90.0\u00a0% to 10.0\u00a0%; the prediction becomes 5.');
  assert.match(occlusionSentence({ ...covered, prediction: 3 }, ten(3, 0.9)), /10\.0\u00a0%\.$/);
  assert.match(occlusionSentence({ ...covered, drop: 0.01 }, ten(3, 0.9)), /^No patch/);
});

const NEIGHBORS = { among: 9, rows: [{ set: 'test', index: 1, label: [7, 8, -1], prediction: [4, -1, -1] }, { set: 'validation', index: 1, label: [1, 2, 3], prediction: [4, 5, 6] }] };

test('nearest training images have places in neighbors.png, and a label', () => {
  const embedding = { epochs: [], test: null, neighbors: NEIGHBORS };
  assert.deepEqual(nearestTo(embedding, 'validation-1')?.label.map(({ place }) => place), [6, 7, 8]);
  assert.deepEqual(nearestTo(embedding, 'test-1'), {
    label: [{ name: 'training-7', place: 0 }, { name: 'training-8', place: 1 }], prediction: [{ name: 'training-4', place: 3 }],
  });
  assert.equal(nearestTo(embedding, 'test-2'), null);
  const predictions = { sets: [setAt(1, 'validation', [5, 6], [1, 1]), setAt(2, 'validation', [5, 9], [1, 1])] };
  assert.deepEqual(trainingImage(embedding, predictions, 5), { place: 10, label: 9 });
  assert.equal(trainingImage(embedding, predictions, 2)?.label, 3);
  assert.equal(trainingImage(embedding, predictions, 77), null);
});

test('previous and next follow the list, without one the set', () => {
  const predictions = { sets: [setAt(1, 'validation', [5, 3], [1, 1])] };
  const from = (image, listed, by) => inTurn({ selected: { cell: null, image }, listed, predictions }, by);
  assert.deepEqual([from('test-4', ['test-9', 'test-4'], -1), from('test-4', ['test-9', 'test-4'], 1)], ['test-9', null]);
  assert.deepEqual([from('validation-0', [], 1), from('validation-1', [], 1), from('validation-0', [], -1)], ['validation-1', null, null]);
  assert.equal(from('training-4', [], 1), null);
});

test('pixels come from the samples, else from a mosaic that the run has', () => {
  const state = { selected: { image: 'test-5' }, samples: { rows: 28, columns: 28, samples: [{ index: 5, pixels: [1] }] }, folder: 'results/', log: { runId: 'x', files: ['test.png', 'neighbors.png'] }, embedding: { neighbors: NEIGHBORS } };
  assert.deepEqual(sourceOf(state), { pixels: [1] });
  assert.deepEqual(sourceOf({ ...state, samples: null }), { file: 'test.png', url: 'results/test.png?run=x', place: 5, perRow: 100 });
  assert.equal(sourceOf({ ...state, selected: { image: 'validation-5' } }), null);
  assert.equal(sourceOf({ ...state, selected: { image: 'training-8' } })?.place, 1);
  assert.equal(sourceOf({ ...state, selected: { image: 'training-99' } }), null);
  const data = new Uint8ClampedArray(4 * 784).fill(255);
  assert.equal(graysOf({ data })?.length, 784);
  assert.equal(graysOf({ data: new Uint8ClampedArray(4 * 784) }), null, 'beyond the last image');
});

test('hostile neighbors and projections are dropped', () => {
  for (const value of HOSTILE) {
    const { neighbors, epochs } = parseEmbedding({ epochs: [{ epoch: 1, index: [0], x: [1], y: [1], projection: { x: value, y: [1], offset: [0, 0] } }], neighbors: { among: value, rows: [value, { set: value, index: value, label: value, prediction: [value] }] } });
    assert.ok(epochs[0].projection === null || epochs[0].projection.x.every(Number.isFinite));
    for (const row of neighbors?.rows ?? []) assert.ok([...row.label, ...row.prediction, row.index].every(Number.isInteger));
  }
});
