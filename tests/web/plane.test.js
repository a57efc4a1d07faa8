import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestTo, pointsOf, reachOf, rowOf } from '../../web/views/plane.js';

const rowAt = (epoch, x = [0, 2]) => ({ epoch, index: [1, 4], x, y: [0, -1] });
const setAt = (epoch, kind = 'validation') => ({ kind, epoch, labels: [0, 1, 2, 3, 4], predictions: [0, 1, 2, 3, 9] });
const EMBEDDING = { epochs: [rowAt(1), rowAt(2), rowAt(4, [0, 4])], test: rowAt(null) };
const SETS = [setAt(1), setAt(2), setAt(4), setAt(null, 'test')];

test('a row follows the chosen epoch and set', () => {
  const epochOf = (kind, epoch) => rowOf(EMBEDDING, SETS, kind, epoch)?.set.epoch;
  assert.deepEqual([epochOf('validation', null), epochOf('validation', 2), epochOf('validation', 3), epochOf('validation', 0)], [4, 2, 2, undefined]);
  assert.equal(rowOf(EMBEDDING, SETS, 'test', 1).set.kind, 'test');
  assert.equal(rowOf({ ...EMBEDDING, test: null }, SETS, 'test', null).set.epoch, 4, 'before the end');
  assert.equal(rowOf({ epochs: [], test: null }, SETS, 'validation', null), null);
});

test('points keep their scale over the epochs, and mistakes are known', () => {
  assert.equal(reachOf(EMBEDDING), 4);
  const points = pointsOf(EMBEDDING.epochs[0], SETS[0], 4, 100, 10);
  assert.deepEqual(points.map(({ x, y, label, isWrong }) => [x, y, label, isWrong]), [[50, 50, 1, false], [70, 60, 4, true]]);
  assert.deepEqual([nearestTo(points, 0, 0), nearestTo(points, 99, 99), nearestTo([], 0, 0)], [0, 1, -1]);
});
