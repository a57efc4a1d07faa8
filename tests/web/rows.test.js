import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, parseRows, spliced, within } from '../../web/charts/rows.js';

const HEAD = 'step,epoch,loss,accuracy,lr,images_per_second\n';
const LAST = 20_000;
const file = HEAD + Array.from({ length: LAST }, (_, row) => `${row + 1},1,${(2 / (row + 1)).toPrecision(9)},0.5,0.01,${row % 7 ? 12345 : ''}\n`).join('');

test('the requested bytes contain the wanted steps', () => {
  for (const span of [[1, 1], [1, 50], [37, 900], [9_990, 10_010], [19_000, 20_000], [20_000, 20_000], [1, 20_000]]) {
    const [from, to] = bytesOf(span, LAST, file.length);
    const piece = file.slice(from, to + 1);
    const rows = within(parseRows(from ? piece.slice(piece.indexOf('\n') + 1) : piece), span);
    assert.deepEqual([rows.step[0], rows.step.at(-1), rows.step.length], [span[0], span[1], span[1] - span[0] + 1]);
    assert.ok(Math.abs(rows.loss[0] - 2 / span[0]) < 1e-8);
  }
});

test('truncated, empty and malformed lines are skipped', () => {
  const { step, loss, images_per_second: speed } = parseRows('1,1,0.5,,,\nx\n2,1,,0.5,0.1,7\n2,1,9,9,9,9\n3,1,0.25,0.5');
  assert.deepEqual([step, loss, speed], [[1, 2], [0.5, null], [null, 7]]);
});

test('rows replace the buckets that they refine', () => {
  const names = ['step', 'epoch', 'loss', 'loss_min', 'loss_max', 'accuracy', 'lr', 'images_per_second', 'seconds'];
  const batches = Object.fromEntries(names.map((name) => [name, [10, 20, 30, 40]]));
  const rows = parseRows(Array.from({ length: 11 }, (_, row) => `${row + 20},1,${row},0.5,0.1,9\n`).join(''));
  const whole = spliced(batches, rows);
  assert.deepEqual(whole.step, [10, ...rows.step, 40]);
  assert.ok(names.every((name) => whole[name].length === 13));
  assert.deepEqual(whole.loss_max.slice(1, 4), [0, 1, 2]);
  assert.equal(spliced(batches, null), batches);
  assert.deepEqual(spliced(batches, parseRows('41,1,1,1,1,1\n')).step, [10, 20, 30, 40, 41]);
});
