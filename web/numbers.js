/** The key numbers: one look tells how good it is. */

import { h, setText } from './dom.js';
import { UNKNOWN, counted, decimal, duration, percent, whole } from './format.js';

export function mount(element, store) {
  const tiles = new Map();
  store.on(['log'], ({ log }) => {
    element.hidden = !log;
    if (!log) return;
    for (const [name, value, note, kind] of numbersOf(log)) {
      if (!tiles.has(name)) tiles.set(name, tile(element, name, kind));
      const [number, remark] = tiles.get(name);
      setText(number, value);
      setText(remark, note);
    }
  });
}

function tile(element, name, kind) {
  const number = h('dd', { class: 'number' });
  const remark = h('dd', { class: 'remark' });
  element.append(h('div', { class: 'tile', 'data-kind': kind }, h('dt', {}, name), number, remark));
  return [number, remark];
}

function numbersOf({ status, epochs, batches, test, startedAt, updatedAt }) {
  const last = (column) => column.findLastIndex((value) => value !== null);
  const none = status === 'running' && !epochs.epoch.length ? 'after the first epoch' : 'not logged';
  const epochAt = (row) => (row < 0 ? none : `epoch ${whole(epochs.epoch[row])}`);
  const at = (column, row) => (row < 0 ? null : column[row]);
  const train = last(epochs.train_loss);
  const batch = last(batches.loss);
  const validation = last(epochs.val_loss);
  const best = largest(epochs.val_accuracy);
  return [
    ['Training loss', decimal(train < 0 ? at(batches.loss, batch) : epochs.train_loss[train]),
      train < 0 ? (batch < 0 ? 'after the first batch' : `at step ${whole(batches.step[batch])}`) : `mean of ${epochAt(train)}`, 'train'],
    ['Validation loss', decimal(at(epochs.val_loss, validation)), epochAt(validation), 'validation'],
    ['Validation accuracy', percent(at(epochs.val_accuracy, best)), best < 0 ? epochAt(best) : `best, ${epochAt(best)}`, 'validation'],
    ['Test accuracy', percent(test?.accuracy ?? null), testRemark(test, status), 'test'],
    ['Time', updatedAt === null || startedAt === null ? UNKNOWN : duration((updatedAt - startedAt) / 1000),
      epochs.epoch.length ? `${counted(epochs.epoch.at(-1), 'epoch')} done` : '', 'time'],
  ];
}

function testRemark(test, status) {
  if (!test) return status === 'running' ? 'read once, at the end' : 'not read';
  return test.total ? `${whole(test.correct)} of ${whole(test.total)} right` : `loss ${decimal(test.loss)}`;
}

function largest(column) {
  return column.reduce((best, value, row) => (value !== null && (best < 0 || value > column[best]) ? row : best), -1);
}
