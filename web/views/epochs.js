/** The table of epochs: the numbers behind the curves. */

import { METRIC } from '../core/contract.js';
import { h } from '../core/dom.js';
import { isFraction, labelOf } from '../core/field-labels.js';
import { decimal, duration, percent, rate, whole } from '../core/format.js';
import { head, row } from './table.js';

/** @returns {[string, string, (value: any) => string]} */
const metric = (key) => [labelOf(key), key, isFraction(key) ? percent : decimal];

/** @type {[string, string, (value: any) => string][]} title, key, format */
const COLUMNS = [
  ['Epoch', 'epoch', whole],
  ...['train_loss', 'val_loss', 'train_accuracy', 'val_accuracy'].map(metric),
  ['Learning rate', 'lr', rate],
  ['Time', 'seconds', duration],
];
const KNOWN = new Set(COLUMNS.map(([, key]) => key));

/**
 * Columns for metrics that only this trainer has: train_auc is "Training auc".
 * @returns {typeof COLUMNS}
 */
function ownMetrics(epochs) {
  return Object.keys(epochs).filter((key) => !KNOWN.has(key) && METRIC.test(key)).map(metric);
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
