import assert from 'node:assert/strict';
import { test } from 'node:test';
import { historyOf } from '../../web/pad/drawing-history.js';

const ten = (digit, share) => Array.from({ length: 10 }, (_, at) => (at === digit ? share : (1 - share) / 9));
const COURSE = new Map([[1, ten(1, 0.5)], [2, ten(7, 0.7)], [3, ten(7, 1)]]);
const story = (status, reason = null, course = COURSE) => historyOf([...course.keys()], course, { status, reason, label: 7, isCalibrated: true, probabilities: [...course.values()].at(-1) });

test('the history of a saved drawing agrees with its verdict', () => {
  assert.equal(story('ok'), '7 since epoch 2, now 99.9\u00a0%; earlier: 1');
  assert.equal(story('not_a_digit', 'a tangle of lines'), 'Not a digit: a tangle of lines; nearest: 7 since epoch 2; earlier: 1');
  assert.equal(story('not_a_digit', 'touches the edge'), 'Unclear: looks like 7, but touches the edge since epoch 2; earlier: 1');
  const doubtful = new Map([[1, ten(7, 0.4)]]);
  assert.equal(story('uncertain', null, doubtful), '7 since the first epoch, now 40.0\u00a0%, uncertain');
  assert.equal(historyOf([], new Map(), null), 'Not predicted yet');
});
