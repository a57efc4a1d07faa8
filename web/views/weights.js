/** What the network has learned to look for: its first filters, and how the weights of each layer spread. */

import { h, parts, setText } from '../core/dom.js';
import { decimal, whole } from '../core/format.js';
import { raster } from '../charts/raster.js';
import { colorsIn, onColors } from '../core/theme.js';

const HEIGHT = 64; // px, of a histogram
const WIDTH = 200;

export function mount(element, store) {
  const { filters, layers, note } = parts(element);
  store.on(['weights'], draw);
  onColors(draw);

  function draw() {
    const { weights } = store.state;
    if (!weights?.epochs.length) return;
    const [first, latest] = [weights.epochs[0], weights.epochs.at(-1)];
    setText(note, `after epoch ${whole(latest.epoch)}`);
    filters.replaceChildren(...pictures(weights.filters));
    layers.replaceChildren(...latest.layers.map((layer, row) => figure(layer, first === latest ? null : first.layers[row], first.epoch)));
  }

  /** Light is a positive weight, dark a negative one; grey is nothing. */
  function pictures(given) {
    if (!given) return [];
    const { count, rows, columns, values, name } = given;
    const most = Math.max(...values.map(Math.abs)) || 1;
    return Array.from({ length: count }, (_, kernel) => {
      const own = values.slice(kernel * rows * columns, (kernel + 1) * rows * columns);
      const greys = own.map((value) => 127.5 * (1 + value / most));
      return raster(greys, rows, columns, { role: 'img', 'aria-label': `${name}, filter ${kernel + 1} of ${count}` });
    });
  }

  /** The latest histogram, and behind it the outline of the first. */
  function figure(layer, first, firstEpoch) {
    const canvas = h('canvas', { width: 2 * WIDTH, height: 2 * HEIGHT, 'aria-hidden': 'true' });
    const colours = colorsIn(element, ['accent', 'ink']);
    const context = canvas.getContext('2d');
    context.scale(2, 2);
    const ends = [layer, first ?? layer].flatMap(({ low, high }) => [low, high]);
    const reach = Math.max(...ends.map(Math.abs)) || 1;
    const x = (value) => ((value / reach + 1) / 2) * WIDTH;
    const outline = ({ low, high, counts }) => {
      const [step, densest] = [(high - low) / counts.length, Math.max(...counts, 1)];
      context.beginPath();
      context.moveTo(x(low), HEIGHT);
      counts.forEach((count, bar) => {
        const y = HEIGHT - (count / densest) * (HEIGHT - 4);
        context.lineTo(x(low + bar * step), y);
        context.lineTo(x(low + (bar + 1) * step), y);
      });
      context.lineTo(x(high), HEIGHT);
    };
    outline(layer);
    context.fillStyle = colours.accent;
    context.globalAlpha = 0.5;
    context.fill();
    context.globalAlpha = 1;
    if (first) {
      outline(first);
      context.strokeStyle = colours.ink;
      context.stroke();
    }
    const range = `${signed(layer.low)} to ${signed(layer.high)}, deviation ${decimal(layer.deviation)}`;
    const before = first ? `, ${decimal(first.deviation)} after epoch ${whole(firstEpoch)}` : '';
    return h('figure', {}, h('figcaption', {}, h('strong', {}, layer.name)), canvas, h('p', { class: 'soft' }, range + before));
  }
}

const signed = (value) => (value < 0 ? `−${decimal(-value)}` : decimal(value));
