/** The weights: the first layer's filters, and a histogram of each layer. */

import { raster } from '../charts/raster.js';
import { h, parts, setText } from '../core/dom.js';
import { decimal, whole } from '../core/format.js';
import { insteadOf, keptAt } from '../core/timeline.js';
import { colorsIn, onColors } from '../core/theme.js';

/** @import {Store} from '../core/store.js' */

const [WIDTH, HEIGHT] = [200, 48]; // px, of a histogram

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function mount(element, store) {
  const { filters, layers, note, instead } = parts(element);
  const draw = () => {
    const { weights, epoch } = store.state;
    if (!weights?.epochs.length) return;
    const first = weights.epochs[0];
    const latest = keptAt(weights.epochs, epoch) ?? first;
    const colors = colorsIn(element, ['accent', 'ink']);
    setText(note, `after epoch ${whole(latest.epoch)}`);
    setText(instead, insteadOf('Weights', epoch, latest.epoch));
    const values = filtersAt(weights, latest);
    filters.replaceChildren(...(values ? filterImages(weights.filters && { ...weights.filters, values }) : [h('p', { class: 'soft' }, insteadOf('Filters', latest.epoch, null))]));
    layers.replaceChildren(...latest.layers.map((layer, row) => {
      const before = first === latest ? null : first.layers[row];
      return h(
        'figure', {},
        h('figcaption', {}, h('strong', {}, layer.name), h('span', { class: 'soft' }, `${signed(layer.low)} to ${signed(layer.high)}`)),
        histogram(layer, before, colors),
        h('p', { class: 'soft' }, `std. dev. ${before ? `${decimal(before.std)} → ` : ''}${decimal(layer.std)}`),
      );
    }));
  };
  store.on(['weights', 'epoch'], draw);
  onColors(draw);
}

/** The values of the filters after an epoch; null where only the latest are kept. */
function filtersAt({ filters, epochs }, { epoch, filters: values }) {
  if (values.length === filters?.values.length) return values;
  return epoch === epochs[epochs.length - 1].epoch ? filters?.values ?? [] : null;
}

/** Positive weights are light, negative ones dark, 0 is gray. */
function filterImages(filters) {
  if (!filters) return [];
  const { count, rows, columns, values, name } = filters;
  const most = Math.max(...values.map(Math.abs)) || 1;
  return Array.from({ length: count }, (_, kernel) => {
    const weights = values.slice(kernel * rows * columns, (kernel + 1) * rows * columns);
    const grays = weights.map((value) => 127.5 * (1 + value / most));
    return raster(grays, rows, columns, { role: 'img', 'aria-label': `${name}, filter ${kernel + 1} of ${count}` });
  });
}

/** The latest histogram, filled, and the outline of that after the first epoch. */
function histogram(layer, before, colors) {
  const canvas = h('canvas', { width: 2 * WIDTH, height: 2 * HEIGHT, 'aria-hidden': 'true' });
  const context = canvas.getContext('2d');
  context.scale(2, 2);
  const ends = [layer, before ?? layer].flatMap(({ low, high }) => [low, high]);
  const reach = Math.max(...ends.map(Math.abs)) || 1;
  outline(context, layer, reach);
  context.fillStyle = colors.accent;
  context.globalAlpha = 0.5;
  context.fill();
  context.globalAlpha = 1;
  if (before) {
    outline(context, before, reach);
    context.strokeStyle = colors.ink;
    context.stroke();
  }
  return canvas;
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
