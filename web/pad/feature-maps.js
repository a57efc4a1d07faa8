/** The feature maps of every layer: a small image for each channel, side by side. */

import { h, setText } from '../core/dom.js';
import { decimal, whole } from '../core/format.js';
import { paint } from '../charts/raster.js';

/** @import {FeatureMaps} from './network.js' */

const PER_ROW = 16;
const TILE = 28; // approximate pixels of a channel on the screen
const UNIT = 15; // of a unit of a linear layer

/**
 * Fills `element`; returns a function that draws the maps.
 * @returns {(maps: FeatureMaps[]) => void}
 */
export function createFeatureMaps(element) {
  const every = h('input', { type: 'checkbox', onchange: () => show(latest) });
  const list = h('div', { class: 'maps' });
  element.append(h('label', { class: 'every' }, every, ' Every layer, not only activations'), list);
  /** @type {FeatureMaps[]} */
  let latest = [];
  let figures = new Map();

  function show(maps) {
    latest = maps;
    const chosen = maps.filter((map) => every.checked || map.type === 'relu' || map === maps.at(-1));
    const wanted = chosen.map(({ name, shape }) => `${name} ${shape}`).join();
    if (wanted !== list.dataset.layers) {
      figures = new Map(chosen.map((map) => [map.name, figureOf(map)]));
      list.replaceChildren(...Array.from(figures.values(), ({ figure }) => figure));
      list.dataset.layers = wanted;
    }
    for (const map of chosen) draw(figures.get(map.name), map);
  }
  return show;
}

function figureOf({ name, type, shape: [channels, rows, columns] }) {
  const isFlat = rows * columns === 1;
  const across = isFlat ? Math.min(channels, 2 * PER_ROW) : columnsOf(channels);
  const scale = isFlat ? UNIT : Math.max(1, Math.round(TILE / columns));
  const gap = isFlat ? 0 : 1;
  const size = [across * (columns + gap) - gap, Math.ceil(channels / across) * (rows + gap) - gap];
  const canvas = h('canvas', { width: size[0], height: size[1], role: 'img', 'aria-label': `${name}: ${whole(channels)} channels` });
  canvas.style.width = `${size[0] * scale}px`;
  const caption = isFlat ? `${type}, ${whole(channels)} units` : `${type}, ${channels} of ${rows} × ${columns}`;
  const strongest = h('span', { class: 'soft' });
  const figure = h('figure', {}, h('figcaption', {}, h('strong', {}, name), ' ', h('span', { class: 'soft' }, caption), ' ', strongest), canvas);
  return { figure, canvas, strongest, across, gap };
}

/** The number of channels per row that fills the last row, if there is one. */
function columnsOf(channels) {
  const full = Array.from({ length: PER_ROW / 2 }, (_, less) => PER_ROW - less).find((across) => channels % across === 0);
  return Math.min(channels, full ?? PER_ROW);
}

/** The maximum of a layer is white, 0 is black; in a layer with negative values 0 is gray. */
function draw({ canvas, strongest, across, gap }, { shape: [channels, rows, columns], values }) {
  let [low, high] = [0, 0];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const reach = Math.max(high, -low) || 1;
  const gray = low < 0 ? (value) => 127.5 * (1 + value / reach) : (value) => (255 * value) / reach;
  for (let channel = 0; channel < channels; channel += 1) {
    const [left, top] = [(channel % across) * (columns + gap), Math.floor(channel / across) * (rows + gap)];
    paint(canvas, values.subarray(channel * rows * columns, (channel + 1) * rows * columns).map(gray), rows, columns, left, top);
  }
  setText(strongest, `up to ${decimal(high)}`);
}
