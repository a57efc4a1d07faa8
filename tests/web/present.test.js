import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING, PLAIN } from '../../web/core/url-state.js';
import { placeOf, screensOf } from '../../web/present/screens.js';

/** Of ten images the first `wrong` are a 5 read as 3, the later the more confident. */
function setOf(wrong, epoch = 1) {
  const labels = Array(10).fill(5);
  const predictions = labels.map((label, index) => (index < wrong ? 3 : label));
  return { kind: 'validation', epoch, labels, predictions, isCalibrated: true, confidences: labels.map((_, index) => index / 10), probabilities: new Map() };
}

const STATE = { log: { files: ['predictions.json', 'network.json'] }, predictions: null, set: 'validation', epoch: null, view: PLAIN, selected: NOTHING };
const kinds = (screens) => screens.map(({ kind }) => kind).join(' ');

test('the screens are number, charts, matrix, mistakes, pad, as far as the run has them', () => {
  assert.equal(kinds(screensOf({ ...STATE, log: { files: [] } })), 'number loss accuracy');
  assert.equal(kinds(screensOf(STATE)), 'number loss accuracy matrix pad');
  const screens = screensOf({ ...STATE, predictions: { sets: [setOf(2)] } });
  assert.equal(kinds(screens), 'number loss accuracy matrix digit digit pad');
  assert.deepEqual(screens.slice(4, 6).map(({ name, index }) => [name, index]), [['Mistake 1 of 2: 5 read as 3', 1], ['Mistake 2 of 2: 5 read as 3', 0]]);
  assert.equal(screensOf({ ...STATE, view: { ...PLAIN, errors: true } })[2].name, 'Error rate');
  assert.equal(kinds(screensOf({ ...STATE, predictions: { sets: [] } })), 'number loss accuracy pad');
});

test('the mistakes are those of the chosen epoch, and of the chosen cell if it holds mistakes', () => {
  const predictions = { sets: [setOf(1), { ...setOf(3, 2), labels: [5, 5, 8, ...Array(7).fill(5)] }] };
  const count = (changes) => screensOf({ ...STATE, predictions, ...changes }).filter(({ kind }) => kind === 'digit').length;
  assert.equal(count({}), 3);
  assert.equal(count({ epoch: 1 }), 1);
  assert.equal(count({ selected: { cell: '83', image: null } }), 1);
  for (const cell of ['55', '12', 'doubts']) assert.equal(count({ selected: { cell, image: null } }), 3);
});

test('a screen of the address is shown once it is known, else the last', () => {
  const screens = screensOf({ ...STATE, predictions: { sets: [setOf(2)] } });
  assert.equal(placeOf(screens, 2, false, null), 1);
  assert.equal(placeOf(screens, 6, false, null), null);
  assert.equal(placeOf(screens, 6, true, null), 5);
  assert.equal(placeOf(screens, 99, true, null), 6);
});

test('the pad stays while mistakes become more or fewer', () => {
  const pad = { kind: 'pad', wanted: 7 };
  for (const wrong of [0, 2, 5]) {
    const screens = screensOf({ ...STATE, predictions: { sets: [setOf(wrong)] } });
    assert.equal(screens[placeOf(screens, 7, true, pad)].kind, 'pad');
    assert.equal(placeOf(screens, 1, true, pad), 0);
  }
});
