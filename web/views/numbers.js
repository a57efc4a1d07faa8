/** The key numbers of the run. */

import { h, setText } from '../core/dom.js';
import { UNKNOWN, counted, decimal, duration, percent, points, whole } from '../core/format.js';
import { greatest } from '../core/insights.js';
import { isAlive, secondsOf } from '../core/status.js';
import { logAt } from '../core/timeline.js';
import { sparkline } from './sparkline.js';

export function mount(element, store) {
  const tiles = new Map();
  /** @type {ReturnType<typeof createTrend> | null} */
  let trend = null;
  store.on(['log', 'liveness', 'epoch'], ({ log: latestLog, liveness, epoch }) => {
    element.hidden = !latestLog;
    if (!latestLog) return;
    const log = logAt(latestLog, epoch);
    for (const { name, kind, value, remark } of numbersOf(log, log !== latestLog || isAlive(liveness))) {
      if (!tiles.has(name)) tiles.set(name, tile(element, name, kind));
      const [number, note] = tiles.get(name);
      setText(number, value);
      setText(note, remark);
    }
    trend ??= createTrend(element.firstElementChild);
    trend(log.epochs);
  });
}

function tile(element, name, kind) {
  const number = h('dd', { class: 'number' });
  const remark = h('dd', { class: 'remark' });
  element.append(h('div', { class: 'tile', 'data-kind': kind }, h('dt', {}, name), number, remark));
  return [number, remark];
}

/** The trend of the first number: its change, and a curve of all epochs. */
function createTrend(root) {
  const change = h('span');
  const trend = h('dd', { class: 'trend' }, change);
  root.append(trend);
  let drawn = '';
  return ({ val_accuracy: accuracy }) => {
    setText(change, changeOf(accuracy));
    change.dataset.trend = change.textContent.charAt(0);
    const content = accuracy.join();
    if (content === drawn) return;
    drawn = content;
    trend.replaceChildren(change, sparkline(accuracy));
  };
}

/** "▲ 0.12 points" since the epoch before; empty without two. */
function changeOf(accuracy) {
  const known = accuracy.filter((value) => value !== null);
  if (known.length < 2) return '';
  const change = known[known.length - 1] - known[known.length - 2];
  const sign = change >= 0.00005 ? '▲' : change <= -0.00005 ? '▼' : '=';
  return `${sign} ${points(change)} points`;
}

/** `isRunning`: at the chosen epoch, the run was. */
function numbersOf(log, isRunning) {
  const { epochs } = log;
  const isEarly = isRunning && !epochs.epoch.length;
  const epochAt = (row) => (row < 0 ? (isEarly ? 'after epoch 1' : 'not logged') : `epoch ${whole(epochs.epoch[row])}`);
  const loss = latest(epochs.val_loss);
  const accuracy = latest(epochs.val_accuracy);
  const done = epochs.epoch.length ? `for ${counted(epochs.epoch.at(-1), 'epoch')}` : '';
  return [
    {
      name: 'Validation accuracy',
      kind: 'validation',
      value: percent(epochs.val_accuracy[accuracy] ?? null),
      remark: accuracy < 0 ? epochAt(accuracy) : relativeToBest(epochs, accuracy),
    },
    { name: 'Validation loss', kind: 'validation', value: decimal(epochs.val_loss[loss] ?? null), remark: epochAt(loss) },
    { name: 'Training loss', kind: 'train', ...trainingLoss(log) },
    { name: 'Test accuracy', kind: 'test', ...testAccuracy(log.test, isRunning) },
    { name: 'Time', kind: 'time', value: duration(secondsOf(log)), remark: done },
  ];
}

/** "epoch 5, the best", or "epoch 5; best 97.66 % in epoch 3" */
function relativeToBest({ epoch, val_accuracy: accuracy }, row) {
  const best = greatest(accuracy);
  const isBest = accuracy[row] === accuracy[best];
  return `epoch ${whole(epoch[row])}${isBest ? ', the best' : `; best ${percent(accuracy[best])} in epoch ${whole(epoch[best])}`}`;
}

/** The mean of the last epoch; before the end of the first one, the last batch. */
function trainingLoss({ epochs, batches }) {
  const epoch = latest(epochs.train_loss);
  if (epoch >= 0) {
    return { value: decimal(epochs.train_loss[epoch]), remark: `mean of epoch ${whole(epochs.epoch[epoch])}` };
  }
  const batch = latest(batches.loss);
  if (batch < 0) return { value: UNKNOWN, remark: 'after the first batch' };
  return { value: decimal(batches.loss[batch]), remark: `at step ${whole(batches.step[batch])}` };
}

function testAccuracy(test, isRunning) {
  if (!test) return { value: UNKNOWN, remark: isRunning ? 'at the end' : 'not evaluated' };
  const remark = test.total ? `${whole(test.correct)} of ${whole(test.total)}` : `loss ${decimal(test.loss)}`;
  return { value: percent(test.accuracy), remark };
}

const latest = (column) => column.findLastIndex((value) => value !== null);
