import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confusion, correct, inCell, mistakes, rates, worst } from '../../web/views/confusion.js';

/** 400 random answers, about a third of them wrong. */
function randomAnswers() {
  let state = 7;
  const next = (below) => {
    state = (state * 16807) % 2147483647;
    return state % below;
  };
  const labels = Array.from({ length: 400 }, () => next(10));
  const predictions = labels.map((label) => (next(3) ? label : next(10)));
  return { labels, predictions, confidences: labels.map(() => next(1000) / 1000) };
}

test('every image is counted in one cell', () => {
  const answers = randomAnswers();
  const counts = confusion(answers);
  for (let label = 0; label < 10; label += 1) {
    for (let prediction = 0; prediction < 10; prediction += 1) {
      const recount = answers.labels.filter((truth, index) => truth === label && answers.predictions[index] === prediction);
      assert.equal(counts[label][prediction], recount.length);
      assert.equal(inCell(answers, { label, prediction }).length, recount.length);
    }
  }
});

test('recall is a fraction of the images of a digit, precision of the images predicted as it', () => {
  const [zero, one, two] = rates(confusion({ labels: [0, 0, 0, 1], predictions: [0, 0, 1, 1] }));
  assert.deepEqual(zero, { images: 3, recall: 2 / 3, precision: 1 });
  assert.deepEqual(one, { images: 1, recall: 1, precision: 0.5 });
  assert.deepEqual(two, { images: 0, recall: null, precision: null });
});

test('mistakes are sorted by descending confidence, correct answers by ascending', () => {
  const answers = randomAnswers();
  const [wrong, right] = [mistakes(answers), correct(answers)];
  assert.equal(wrong.length + right.length, 400);
  assert.ok(wrong.every((index) => answers.labels[index] !== answers.predictions[index]));
  const sure = ([first, second]) => [answers.confidences[first], answers.confidences[second]];
  for (let row = 1; row < wrong.length; row += 1) {
    const [before, after] = sure([wrong[row - 1], wrong[row]]);
    assert.ok(before >= after);
  }
  for (let row = 1; row < right.length; row += 1) {
    const [before, after] = sure([right[row - 1], right[row]]);
    assert.ok(before <= after);
  }
  assert.deepEqual(inCell(answers, { label: 3, prediction: 3 }), right.filter((index) => answers.labels[index] === 3));
});

test('the worst confusion is the largest count off the diagonal', () => {
  assert.equal(worst(confusion({ labels: [0, 0, 0, 4, 4], predictions: [0, 0, 0, 9, 9] })), 2);
  assert.equal(worst(confusion({ labels: [1, 1], predictions: [1, 1] })), 0);
});
