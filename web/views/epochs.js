/** The table of epochs: the numbers behind the curves. */

import { h } from '../core/dom.js';
import { decimal, duration, percent, whole } from '../core/format.js';
import { head, row } from './table.js';

/** @type {[string, string, (value: any) => string][]} title, key, format */
const COLUMNS = [
  ['Epoch', 'epoch', whole],
  ['Training loss', 'train_loss', decimal],
  ['Validation loss', 'val_loss', decimal],
  ['Training accuracy', 'train_accuracy', percent],
  ['Validation accuracy', 'val_accuracy', percent],
  ['Learning rate', 'lr', decimal],
  ['Time', 'seconds', duration],
];
const KNOWN = new Set(COLUMNS.map(([, key]) => key));
const SPLITS = { train: 'Training', val: 'Validation' };

/**
 * Columns for metrics that only this trainer has: train_auc is "Training auc".
 * @returns {typeof COLUMNS}
 */
function ownMetrics(epochs) {
  const split = (key) => key.slice(0, key.indexOf('_'));
  const keys = Object.keys(epochs).filter((key) => !KNOWN.has(key) && split(key) in SPLITS);
  return keys.map((key) => [`${SPLITS[split(key)]} ${key.slice(split(key).length + 1).replaceAll('_', ' ')}`, key, decimal]);
}

export function mount(details, store) {
  const table = details.querySelector('table');
  let drawn = '';
  function draw({ log }) {
    details.hidden = !log?.epochs.epoch.length;
    if (details.hidden || !details.open) return;
    const content = JSON.stringify(log.epochs);
    if (content === drawn) return;
    drawn = content;
    const columns = [...COLUMNS, ...ownMetrics(log.epochs)].filter(([, key]) => log.epochs[key].some((value) => value !== null));
    const isFigure = (column) => column > 0;
    const rows = log.epochs.epoch.map((_, epoch) => row(columns.map(([, key, format]) => format(log.epochs[key][epoch])), isFigure));
    table.replaceChildren(head(columns.map(([title]) => title), isFigure), h('tbody', {}, ...rows.reverse()));
  }
  store.on(['log'], draw);
  details.addEventListener('toggle', () => draw(store.state));
}
