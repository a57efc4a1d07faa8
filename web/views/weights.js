/** The weights: the first layer's filters, and a histogram of each layer. */

import { paint } from '../charts/raster.js';
import { h, parts, setText } from '../core/dom.js';
import { decimal, whole } from '../core/format.js';
import { insteadOf, keptAt } from '../core/timeline.js';
import { colorsIn, onColors } from '../core/theme.js';

/** @import {Store} from '../core/state-types.js' */

const [WIDTH, HEIGHT] = [200, 48]; // px, of a histogram

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function mount(element, store) {
  const { filters, layers, note, instead } = parts(element);
  const [showFilters, showLayer] = [reused(filters, filterImage), reused(layers, layerFigure)];
  const draw = () => {
    const { weights, epoch } = store.state;
    if (!weights?.epochs.length) return;
    const first = weights.epochs[0];
    const latest = keptAt(weights.epochs, epoch) ?? first;
    const colors = colorsIn(element, ['accent', 'ink']);
    setText(note, `after epoch ${whole(latest.epoch)}`);
    const values = filtersAt(weights, latest);
    setText(instead, [insteadOf('Weights', epoch, latest.epoch), values ? '' : insteadOf('Filters', latest.epoch, null)].filter(Boolean).join(' '));
    showFilters(filtersOf(weights.filters, values ?? []));
    showLayer(latest.layers.map((layer, row) => ({ layer, before: first === latest ? null : first.layers[row], colors })));
  };
  store.on(['weights', 'epoch'], draw);
  onColors(draw);
}

/**
 * `show(items)`: the children of `element`, one for each item, are updated in place: new canvases in every frame of a
 * replay would miss frames. `create()` returns {element, show(item)}.
 */
function reused(element, create) {
  let shown = [];
  return (items) => {
    shown = items.map((item, place) => shown[place] ?? create());
    shown.forEach((one, place) => one.show(items[place]));
    if (element.childElementCount !== shown.length) element.replaceChildren(...shown.map((one) => one.element));
  };
}

/** The values of the filters after an epoch; null where only the latest are kept. */
function filtersAt({ filters, epochs }, { epoch, filters: values }) {
  if (values.length === filters?.values.length) return values;
  return epoch === epochs[epochs.length - 1].epoch ? filters?.values ?? [] : null;
}

/** One item for each filter: positive weights are light, negative ones dark, 0 is gray. */
function filtersOf(filters, values) {
  if (!filters) return [];
  const { count, rows, columns, name } = filters;
  const most = values.reduce((known, value) => Math.max(known, Math.abs(value)), 0) || 1;
  return Array.from({ length: values.length ? count : 0 }, (_, kernel) => {
    const weights = values.slice(kernel * rows * columns, (kernel + 1) * rows * columns);
    return { grays: weights.map((value) => 127.5 * (1 + value / most)), rows, columns, label: `${name}, filter ${kernel + 1} of ${count}` };
  });
}

function filterImage() {
  const element = h('canvas', { role: 'img' });
  return {
    element,
    show({ grays, rows, columns, label }) {
      element.ariaLabel = label;
      if (element.width !== columns || element.height !== rows) Object.assign(element, { width: columns, height: rows });
      paint(element, grays, rows, columns);
    },
  };
}

function layerFigure() {
  const [name, range, spread] = [h('strong'), h('span', { class: 'soft' }), h('p', { class: 'soft' })];
  const canvas = h('canvas', { width: 2 * WIDTH, height: 2 * HEIGHT, 'aria-hidden': 'true' });
  return {
    element: h('figure', {}, h('figcaption', {}, name, range), canvas, spread),
    show({ layer, before, colors }) {
      setText(name, layer.name);
      setText(range, `${signed(layer.low)} to ${signed(layer.high)}`);
      setText(spread, `std. dev. ${before ? `${decimal(before.std)} → ` : ''}${decimal(layer.std)}`);
      drawHistogram(canvas.getContext('2d'), layer, before, colors);
    },
  };
}

/** The latest histogram, filled, and the outline of that after the first epoch. */
function drawHistogram(context, layer, before, colors) {
  context.setTransform(2, 0, 0, 2, 0, 0);
  context.clearRect(0, 0, WIDTH, HEIGHT);
  const ends = [layer, before ?? layer].flatMap(({ low, high }) => [low, high]);
  const reach = Math.max(...ends.map(Math.abs)) || 1;
  outline(context, layer, reach);
  context.fillStyle = colors.accent;
  context.globalAlpha = 0.5;
  context.fill();
  context.globalAlpha = 1;
  if (!before) return;
  outline(context, before, reach);
  context.strokeStyle = colors.ink;
  context.stroke();
}

function outline(context, { low, high, counts }, reach) {
  const x = (value) => ((value / reach + 1) / 2) * WIDTH;
  const [step, most] = [(high - low) / counts.length, Math.max(...counts, 1)];
  context.beginPath();
  context.moveTo(x(low), HEIGHT);
  counts.forEach((count, bar) => {
    const y = HEIGHT - (count / most) * (HEIGHT - 4);
    context.lineTo(x(low + bar * step), y);
    context.lineTo(x(low + (bar + 1) * step), y);
  });
  context.lineTo(x(high), HEIGHT);
}

const signed = (value) => (value < 0 ? `−${decimal(-value)}` : decimal(value));
