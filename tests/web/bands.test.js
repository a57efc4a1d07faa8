import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLORS, dashesOf } from '../../web/charts/line-styles.js';
import { plotOf } from '../../web/charts/plot.js';
import { wholeRange } from '../../web/charts/range.js';
import { prepare } from '../../web/charts/series.js';
import { parseLog } from '../../web/core/contract.js';

const MEASURE = { key: 'loss', range: (batches, firm) => wholeRange(batches, firm, false) };
const logOf = (...losses) => parseLog({ epochs: { epoch: losses.map((_, row) => row + 1), step: losses.map((_, row) => 10 * (row + 1)), val_loss: losses } });
const other = (log, number, group = null) => ({ log, number, group });

test('the runs of a group are drawn as their mean and standard deviation, with the shown run among them', () => {
  const { others } = prepare(logOf(1, 0.5), 'epoch', [other(logOf(2, 1.5), 4, 'g'), other(logOf(3, 2.5), 5, 'g')], 'g');
  assert.equal(others.length, 1);
  const [{ count, number, bands: { loss } }] = others;
  assert.deepEqual([count, number], [3, 4]);
  assert.deepEqual(loss.mean, [{ x: 1, y: 2 }, { x: 2, y: 1.5 }]);
  assert.deepEqual([loss.low, loss.high].map(([first]) => first.y), [1, 3]);
  assert.deepEqual(loss.sds, [1, 1]);
});

test('two runs of one seed count as one', () => {
  const withSeed = (log, seed) => ({ ...log, config: [['seed', seed]] });
  const group = [[2, '1'], [4, '1'], [6, '2']].map(([loss, seed], number) => other(withSeed(logOf(loss), seed), number, 'g'));
  const [{ count, bands: { loss } }] = prepare(logOf(9), 'epoch', group).others;
  assert.deepEqual([count, loss.mean, loss.sds], [2, [{ x: 1, y: 4.5 }], [Math.sqrt(4.5)]]);
});

test('epochs that a run of the group lacks are left out of its mean', () => {
  const { others } = prepare(logOf(1), 'epoch', [other(logOf(2, 1.5, 1), 1, 'g'), other(logOf(3, null, 2), 2, 'g')]);
  assert.deepEqual(others[0].bands.loss.mean, [{ x: 1, y: 2.5 }, { x: 3, y: 1.5 }]);
});

test('a run without a group, or alone in it, keeps its own line', () => {
  const { others } = prepare(logOf(1), 'epoch', [other(logOf(2, 1), 1), other(logOf(3, 1), 2), other(logOf(4, 1), 3, 'alone')]);
  assert.deepEqual(others.map(({ number, bands }) => [number, bands]), [[1, undefined], [2, undefined], [3, undefined]]);
});

test('the y range has room for the band', () => {
  const curves = prepare(logOf(1, 1), 'epoch', [other(logOf(2, 1), 1, 'g'), other(logOf(9, 1), 2, 'g')]);
  const { range, others } = plotOf(curves, MEASURE, null, { width: 600, height: 300 });
  assert.ok(range.high >= others[0].band.high[0].y && range.low <= others[0].band.low[0].y);
  assert.deepEqual(others[0].points, others[0].band.mean);
});

test('a run of one epoch is its validation point, never its batches', () => {
  const brief = parseLog({
    epochs: { epoch: [1], step: [10], val_loss: [0.5] }, batches: { step: [1, 5, 10], epoch: [1, 1, 1], loss: [3, 2, 1] },
  });
  const { others } = plotOf(prepare(logOf(1, 1), 'epoch', [other(brief, 1)]), MEASURE, null, { width: 600, height: 300 });
  assert.deepEqual(others[0].points, [{ x: 1, y: 0.5 }]);
});

test('no two lines have the same dash pattern', () => {
  const others = COLORS.filter((name) => name.startsWith('other'));
  const patterns = [0, ...others.map((_, index) => index + 1)].map((number) => dashesOf(number).join());
  assert.equal(others.length, 10);
  assert.equal(new Set(patterns).size, 11);
});
