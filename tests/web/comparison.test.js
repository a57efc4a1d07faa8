import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIST } from '../../web/core/list-options.js';
import { parseRuns } from '../../web/core/run-list.js';
import { discordant, mcnemar } from '../../web/core/statistics.js';
import { baselineOf, compare, furtherRuns, resultsOf, sidesOf, valuesOf } from '../../web/runs/comparison.js';
import { fieldsOf } from '../../web/runs/fields.js';
import { noteOn, sentenceOf, sentenceOfAnswers } from '../../web/runs/sentences.js';

/** Runs of settings A and B: [lr, seed, test accuracy], the latest first. */
function runsOf(...given) {
  return parseRuns({ runs: given.map(([lr, seed, accuracy], at) => ({
    run_id: `r${at}`,
    path: at ? `runs/r${at}/` : '',
    name: `lr ${lr}, seed ${seed}`,
    started_at: `2026-11-${20 - at}T10:00`,
    config: { lr, seed },
    test_accuracy: accuracy,
    metrics: { val_loss: 1 - accuracy },
  })) });
}
const stateOf = (runs, changes = {}) => ({ runs, overlay: runs.slice(1).map(({ runId }) => runId), shown: null, list: LIST, others: [], log: null, ...changes });
const A = [[0.01, 3, 0.981], [0.01, 2, 0.979], [0.01, 1, 0.98]];
const B = [[0.02, 3, 0.985], [0.02, 2, 0.982], [0.02, 1, 0.984]];
const sentenceFor = (sides, key = 'test_accuracy') => {
  const field = fieldsOf(sides.flatMap(({ runs }) => runs)).get(key);
  return sentenceOf(sides[0], sides[1], field, compare(sides[0], sides[1], field));
};

test('the sides are groups of seeds, the earliest first, with their differing settings', () => {
  const sides = sidesOf(stateOf(runsOf(...B, ...A)));
  assert.deepEqual(sides.map(({ name, runs, chips }) => [name, runs.length, chips]), [['lr 0.01', 3, [['lr', '0.01']]], ['lr 0.02', 3, [['lr', '0.02']]]]);
  assert.deepEqual(sides.map(({ number }) => number), [3, 1], 'a group has the color of its first run in the list of colors');
});

test('two runs of one group, and ungrouped runs, are compared one by one', () => {
  assert.deepEqual(sidesOf(stateOf(runsOf(...A.slice(0, 2)))).map(({ chips }) => chips), [[['seed', '2']], [['seed', '3']]]);
  assert.equal(sidesOf(stateOf(runsOf(...A))).length, 1);
  assert.equal(sidesOf(stateOf(runsOf(...A), { list: { ...LIST, isGrouped: false } })).length, 3);
});

test('settings that the list of runs lacks are those of the logs', () => {
  const runs = runsOf(...A, ...B).map((run) => ({ ...run, config: [] }));
  const others = runsOf(...A, ...B).slice(1).map(({ runId, config }) => ({ log: { runId, config } }));
  assert.equal(sidesOf(stateOf(runs, { others, log: { runId: 'r0', config: [['lr', '0.01'], ['seed', '3']] } })).length, 2);
});

test('the baseline is the earliest checked side, if several are checked', () => {
  const runs = runsOf([0.5, 1, 0.9], ...B, ...A, [0.7, 1, 0.9]);
  const overlay = runs.slice(1, 7).map(({ runId }) => runId);
  const sides = sidesOf(stateOf(runs, { overlay, shown: 'r7' }));
  assert.deepEqual(sides.map(({ name }) => name), ['lr 0.7, seed 1', 'lr 0.01', 'lr 0.02'].map((name) => name.replace(', seed 1', '')));
  assert.equal(baselineOf(sides, overlay).name, 'lr 0.01');
  assert.equal(baselineOf(sides, []).name, 'lr 0.7');
});

test('further seeds of a side are offered', () => {
  const state = stateOf(runsOf(...B, ...A), { overlay: ['r1', 'r5'] });
  assert.deepEqual(sidesOf(state).map((side) => furtherRuns(side, state)), [['r3', 'r4'], ['r2']]);
});

test('results that a side lacks are not offered', () => {
  const [first, ...others] = runsOf(...B, ...A);
  const sides = sidesOf(stateOf([{ ...first, metrics: {} }, ...others]));
  assert.equal(resultsOf(sides).first.key, 'test_accuracy');
  const untested = sidesOf(stateOf(runsOf(...B, ...A).map((run) => ({ ...run, metrics: { val_loss: 0.1 } }))));
  assert.deepEqual([resultsOf(untested).first.key, resultsOf(untested).fields.map(({ key }) => key)], ['val_loss', ['val_loss']]);
});

test('equal seeds are paired, other seeds are not', () => {
  const field = fieldsOf(runsOf(...A)).get('test_accuracy');
  const kinds = (...given) => compare(...sidesOf(stateOf(runsOf(...given))), field);
  assert.equal(kinds(...B, ...A).kind, 'paired');
  const { kind, a, b } = kinds(...B.slice(1), ...A);
  assert.deepEqual([kind, a, b], ['paired', [0.98, 0.979], [0.984, 0.982]], 'only the shared ones');
  assert.equal(kinds([0.02, 7, 0.98], ...B.slice(1), ...A.slice(0, 2), [0.01, 9, 0.98]).kind, 'welch');
  assert.equal(kinds(B[0], ...A).kind, 'single run');
  assert.equal(kinds(B[0], A[0]).kind, 'two runs');
  const repeated = sidesOf(stateOf(runsOf([0.02, 1, 0.98], [0.02, 1, 0.99], ...A)))[1];
  assert.deepEqual([...valuesOf(repeated, field)], [['1', 0.985]], 'a repeated seed is one value');
});

test('a decided difference has its size, interval and probability', () => {
  const { verdict, text } = sentenceFor(sidesOf(stateOf(runsOf(...B, ...A))));
  assert.equal(verdict, 'lr 0.02 is ahead.');
  assert.equal(text, 'lr 0.02 has a higher test accuracy than lr 0.01, by 0.37 percentage points on average over the 3 seeds that both have; '
    + '95 % interval: 0.22 to 0.51 percentage points. If the settings made no difference, seeds alone would give one at least this large with '
    + 'probability 0.0082 (paired t-test). With so few seeds the interval relies on normally distributed results.');
  const loss = sentenceFor(sidesOf(stateOf(runsOf(...B, ...A))), 'val_loss');
  assert.equal(loss.verdict, 'lr 0.02 is ahead.', 'a lower loss is better');
  assert.match(loss.text, /has a lower validation loss than lr 0.01, by 0\.0037 on average .* 95 % interval: 0\.0022 to 0\.0051\./);
});

test('an interval with 0 decides nothing', () => {
  const { verdict, text } = sentenceFor(sidesOf(stateOf(runsOf([0.02, 3, 0.985], [0.02, 2, 0.975], [0.02, 1, 0.983], ...A))));
  assert.equal(verdict, 'Not decided.');
  assert.match(text, /interval: −0\.\d\d to 1\.\d\d percentage points.*The interval includes 0: these runs do not show which is better\./);
});

test('the same difference for each seed has no interval', () => {
  const { verdict, text } = sentenceFor(sidesOf(stateOf(runsOf(...A.map(([, seed, accuracy]) => [0.02, seed, accuracy + 0.001]), ...A))));
  assert.equal(verdict, 'The same difference for each seed.');
  assert.match(text, /by 0\.10 percentage points on average over the 3 seeds that both have\. Without any spread there is no interval\.$/);
  assert.equal(sentenceFor(sidesOf(stateOf(runsOf(...A.map(([, seed, accuracy]) => [0.02, seed, accuracy]), ...A)))).verdict, 'No difference.');
});

test('a single run is judged by the range of another run of the group', () => {
  const inside = sentenceFor(sidesOf(stateOf(runsOf([0.02, 1, 0.981], ...A))));
  assert.equal(inside.verdict, 'Not decided.');
  assert.match(inside.text, /^lr 0.02 is a single run\. Its test accuracy of 98\.10\s% is within 97\.50\s% to 98\.50\s%.*prediction interval from 3 seeds/);
  assert.equal(sentenceFor(sidesOf(stateOf(runsOf([0.02, 1, 0.99], ...A)))).verdict, 'lr 0.02 is ahead in this run.');
  assert.equal(sentenceFor(sidesOf(stateOf(runsOf([0.02, 1, 0.97], ...A)))).verdict, 'lr 0.01 is ahead in this run.');
});

test('two numbers decide nothing', () => {
  assert.equal(sentenceFor(sidesOf(stateOf(runsOf(B[0], A[0])))).verdict, 'One run each.');
});

test('the note explains the intervals, and that several comparisons were made', () => {
  assert.match(noteOn(sidesOf(stateOf(runsOf(...A)))), /^Runs of one setting/);
  assert.match(noteOn(sidesOf(stateOf(runsOf(...B, ...A)))), /^Intervals describe the variation between seeds[^.]*\.$/);
  assert.match(noteOn(sidesOf(stateOf(runsOf([0.5, 1, 0.9], ...B, ...A)))), /2 comparisons: by chance/);
  assert.match(noteOn(sidesOf(stateOf(runsOf(B[0], A[0])))), /^Single runs compare trained networks/);
});

const answers = (labels, predictions) => ({ labels, predictions });
const [ONE, OTHER] = [{ name: 'one' }, { name: 'other' }];

test('only images that exactly one run classifies correctly count', () => {
  const labels = [1, 2, 3, 4, 5];
  assert.deepEqual(discordant(answers(labels, [1, 2, 0, 4, 0]), answers(labels, [1, 0, 3, 0, 9])), { a: 2, b: 1 });
});

test("McNemar's test is symmetric, and 1 without a difference", () => {
  for (const [a, b] of [[1, 0], [3, 9], [40, 70]]) assert.equal(mcnemar({ a, b }), mcnemar({ a: b, b: a }));
  assert.equal(mcnemar({ a: 0, b: 0 }), 1);
  assert.equal(mcnemar({ a: 5, b: 5 }), 1);
});

test('the sentence gives the probability of such a difference between equally good networks', () => {
  const labels = Array(40).fill(7);
  const reading = (right, from = 0) => answers(labels, labels.map((_, index) => (index >= from && index < from + right ? 7 : 0)));
  const sentence = (b, a) => sentenceOfAnswers(ONE, OTHER, a, b);
  assert.deepEqual(sentence(reading(20), reading(20, 10)), { verdict: 'Equal.', text: 'Both classify the same number of test images correctly (10 only by other, 10 only by one).' });
  assert.deepEqual(sentence(reading(21, 9), reading(15)), {
    verdict: 'Not decided.',
    text: 'other classifies 6 more of the 40 test images correctly than one (15 only by other, 9 only by one). If both networks were equally good, '
      + 'a difference at least this large would occur with probability 0.31 (exact McNemar test).',
  });
  assert.equal(sentence(reading(10), reading(19)).verdict, 'one is ahead.');
  assert.match(sentence(reading(40), reading(0)).text, /probability below 0\.001 /);
});

test('runs on other images cannot be compared image by image', () => {
  assert.equal(sentenceOfAnswers(ONE, OTHER, answers([1, 2], [1, 2]), answers([1], [1])), null);
  assert.equal(sentenceOfAnswers(ONE, OTHER, answers([1, 2], [1, 2]), answers([2, 1], [1, 2])), null);
  assert.equal(sentenceOfAnswers(ONE, OTHER, null, answers([1], [1])), null);
});
