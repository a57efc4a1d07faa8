/** The sides of a comparison: differing settings as chips, a dot for each seed, mean, standard deviation and interval. */

import { button, h } from '../core/dom.js';
import { labelOf, settingText } from '../core/field-labels.js';
import { counted, whole } from '../core/format.js';
import { intervalOf } from '../core/statistics.js';
import { swatch } from '../charts/swatch.js';
import { valuesOf } from '../runs/comparison.js';
import { spread } from '../runs/fields.js';

/** @import {Side} from '../runs/comparison.js' */
/** @import {Field} from '../runs/fields.js' */

const MARGIN = 0.06; // of the scale, on either side

/**
 * @param {Side[]} sides
 * @param {Field | null} field
 * @param {(side: Side) => string[]} missing ids of further runs of a side
 * @param {(ids: string[], isOn: boolean) => void} overlay
 */
export function sideRows(sides, field, missing, overlay) {
  const rows = sides.map((side) => {
    const values = field ? [...valuesOf(side, field)] : [];
    return { side, values, interval: values.length ? intervalOf(values.map(([, value]) => value)) : null };
  });
  const place = scaleOf(rows);
  return rows.map(({ side, values, interval }) => {
    const more = missing(side);
    return h(
      'li', {},
      h('div', { class: 'who' }, swatch(side.number), h('strong', {}, side.name), h('span', { class: 'soft' }, count(side, values))),
      h('div', { class: 'chips' }, ...side.chips.map(([name, value]) => h('span', { class: 'chip' }, `${labelOf(name)} `, h('b', {}, settingText(name, value)))),
        more.length > 0 && button(`+ ${counted(more.length, 'more seed')}`, () => overlay(more, true))),
      field && interval && strip(side, field, values, interval, place),
      field && interval && figures(field, interval),
    );
  });
}

/** n is the number of seeds: further runs of a seed are no repetitions. */
function count({ runs }, values) {
  const n = `n\u00a0=\u00a0${whole(values.length)}`;
  return runs.length > values.length ? `${n} (${counted(runs.length, 'run')})` : n;
}

/** From values to 0 to 1. */
function scaleOf(rows) {
  const all = rows.flatMap(({ values, interval }) => [...values.map(([, value]) => value), ...[interval?.low, interval?.high].filter((end) => typeof end === 'number')]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return (value) => (high > low ? MARGIN + (1 - 2 * MARGIN) * ((value - low) / (high - low)) : 0.5);
}

function strip({ number }, field, values, interval, place) {
  const mark = (name, at, title) => {
    const element = h('i', { class: name, title });
    element.style.setProperty('--at', at);
    return element;
  };
  const dots = values.map(([, value]) => mark('dot', place(value), field.format(value)));
  const range = interval.low === null ? [] : [mark('range', place(interval.low), null)];
  for (const one of range) one.style.setProperty('--to', place(interval.high));
  const center = values.length > 1 ? [mark('center', place(interval.mean), null)] : [];
  const spoken = `${field.label}: ${values.map(([, value]) => field.format(value)).join(', ')}`;
  return h('div', { class: `strip ${number ? `other${number}` : 'validation'}`, role: 'img', 'aria-label': spoken }, ...range, ...center, ...dots);
}

function figures(field, { n, mean, sd, low, high }) {
  const item = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
  if (n < 2) return h('dl', {}, item(field.label, field.format(mean)));
  return h('dl', {}, item('Mean ± sd', spread(field, { mean, sd })), item('95 % interval', `${field.format(low)} to ${field.format(high)}`));
}
