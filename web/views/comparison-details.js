/** The table of a comparison: differing settings and the results of every run. */

import { h } from '../core/dom.js';
import { labelOf, settingText } from '../core/field-labels.js';
import { decimal, duration, percent, whole } from '../core/format.js';
import { secondsOf } from '../core/status.js';
import { swatch } from '../charts/swatch.js';
import { differing } from '../runs/groups.js';
import { head, row } from './table.js';

export function drawDetails(table, { log, others }) {
  const compared = [...(log ? [{ log, number: 0, mark: '' }] : []), ...others];
  const logs = compared.map((one) => one.log);
  const isFigure = (column) => column > 0;
  const names = compared.map(({ log: { name }, number, mark }) => h('span', {}, swatch(number), mark ? `${name} (${mark})` : name));
  const settings = differing(logs).map(([name, values]) => [labelOf(name), ...values.map((value) => settingText(name, value))]);
  table.replaceChildren(head(['', ...names], isFigure), h('tbody', {}, ...[...settings, ...results(logs)].map((cells) => row(cells, isFigure))));
}

/** Rows [name, a value for each run]. */
function results(logs) {
  const of = (name, value) => [name, ...logs.map(value)];
  const known = (column) => column.filter((value) => value !== null);
  const span = (column, best, format) => {
    const values = known(column);
    return values.length ? `${format(values[0])} · ${format(values.at(-1))} · ${format(best(...values))}` : format(null);
  };
  return [
    of('Test accuracy', ({ test }) => percent(test?.accuracy ?? null)),
    of('Validation accuracy: first · last · best', ({ epochs }) => span(epochs.val_accuracy, Math.max, percent)),
    of('Validation loss: first · last · best', ({ epochs }) => span(epochs.val_loss, Math.min, decimal)),
    of('Training loss: first · last · best', ({ epochs }) => span(epochs.train_loss, Math.min, decimal)),
    of('Parameters', ({ model }) => whole(model?.parameters ?? null)),
    of('Time', (log) => duration(secondsOf(log))),
  ];
}
