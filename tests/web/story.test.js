import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storyOf } from '../../web/pad/story.js';

const ten = (digit, share) => Array.from({ length: 10 }, (_, at) => (at === digit ? share : (1 - share) / 9));
const COURSE = new Map([[1, ten(1, 0.5)], [2, ten(7, 0.7)], [3, ten(7, 1)]]);
const story = (status, reason = null, course = COURSE) => storyOf([...course.keys()], course, { status, reason, label: 7, isCalibrated: true, probabilities: [...course.values()].at(-1) });

test('a kept drawing says what the verdict beside it says', () => {
  assert.equal(story('ok'), '7 since epoch 2, now 99.9\u00a0%; before also 1');
  assert.equal(story('not_a_digit', 'a tangle of lines'), 'Not a digit: a tangle of lines; the nearest is 7 since epoch 2; before also 1');
  const doubtful = new Map([[1, ten(7, 0.4)]]);
  assert.equal(story('uncertain', null, doubtful), '7 from the beginning, now 40.0\u00a0%, not certain at all');
  assert.equal(storyOf([], new Map(), null), 'Not read yet');
});
