/** The comparison of the shown run with the overlaid ones: significance, results and differing settings. */

import { h } from '../core/dom.js';
import { decimal, duration, percent, whole } from '../core/format.js';
import { secondsOf } from '../core/status.js';
import { swatch } from '../charts/swatch.js';
import { verdict } from './mcnemar.js';
import { head, row } from './table.js';

export const IRRELEVANT = new Set(['name', 'results_dir', 'data_dir', 'keep_runs', 'quiet', 'checkpoint_every', 'pause_each_epoch', 'pause_on_fall', 'samples']);

export function mount(element, store) {
  const [sentences, table] = [element.querySelector('ul'), element.querySelector('table')];
  store.on(['others', 'log', 'predictions'], ({ others, log, predictions }) => {
    if (!log || !others.length) return;
    sentences.replaceChildren(...others.flatMap((other) => {
      const text = verdict(testOf(predictions), testOf(other.predictions));
      return text ? [h('li', {}, h('strong', {}, `Compared with ${other.log.name}: `), text)] : [];
    }));
    const logs = [log, ...others.map((other) => other.log)];
    const rows = [...results(logs), ...differing(logs)];
    const isFigure = (column) => column > 0;
    const numbers = [0, ...others.map(({ number }) => number)];
    const names = logs.map(({ name }, index) => h('span', {}, swatch(numbers[index]), name));
    table.replaceChildren(head(['', ...names], isFigure), h('tbody', {}, ...rows.map((cells) => row(cells, isFigure))));
  });
}

const testOf = (predictions) => predictions?.sets.findLast(({ kind }) => kind === 'test') ?? null;

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

/** Only the settings in which the runs differ. */
function differing(logs) {
  const configs = logs.map(({ config }) => new Map(config));
  const names = new Set(configs.flatMap((config) => [...config.keys()]));
  return [...names]
    .filter((name) => !IRRELEVANT.has(name))
    .map((name) => [name, ...configs.map((config) => config.get(name) ?? '–')])
    .filter(([, first, ...others]) => others.some((value) => value !== first))
    .map(([name, ...values]) => [name.replaceAll('_', ' '), ...values]);
}
