/** One chart: keeps its canvas as large and as sharp as it is shown, and paints at most once a frame. */

import { draw, drawOver } from './draw.js';
import { listen } from './gestures.js';
import { plotOf } from './plot.js';
import * as readout from './readout.js';
import { colorsIn, onColors } from '../core/theme.js';

const COLOURS = ['ink', 'soft', 'line', 'surface', 'train', 'validation', 'bad', 'other1', 'other2', 'other3', 'other4'];

export function mount(figure, store, measure) {
  const canvas = figure.querySelector('canvas');
  const context = canvas.getContext('2d');
  const still = document.createElement('canvas'); // all but the cursor: pointing has sixty frames a second to paint
  let colours = null;
  let plot = null;
  let planned = []; // what the plot was made of
  let selection = null;
  let frame = 0;

  function redraw() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      paint();
    });
  }

  function paint() {
    const { curves, zoom, cursor, view } = store.state;
    const size = { width: canvas.clientWidth, height: canvas.clientHeight };
    if (!curves || !size.width) return;
    const density = devicePixelRatio;
    const [width, height] = [Math.round(size.width * density), Math.round(size.height * density)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    colours ??= colorsIn(figure, COLOURS);
    const wanted = [curves, zoom, view, colours, width, height];
    if (wanted.some((part, index) => part !== planned[index])) {
      plot = plotOf(curves, measure, zoom, size, view);
      planned = wanted;
      readout.note(figure, plot, measure);
      Object.assign(still, { width, height });
      const paper = still.getContext('2d');
      paper.scale(density, density);
      draw(paper, plot, { colours, curves, measure });
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.drawImage(still, 0, 0);
    context.scale(density, density);
    drawOver(context, plot, { colours, curves, cursor, selection });
  }

  async function saveAs(kind) {
    const { log, curves } = store.state;
    if (!curves || !plot) return;
    const { csvOf, fileName, save } = await import('./saving.js');
    const name = fileName(log.name, measure.key, kind.toLowerCase());
    if (kind === 'CSV') return save(new Blob([csvOf(curves, measure.key)], { type: 'text/csv' }), name);
    const { width, height } = plot.size;
    const picture = new OffscreenCanvas(2 * width, 2 * height);
    const paper = kind === 'SVG' ? (await import('./svg.js')).svgContext(width, height) : picture.getContext('2d');
    paper.scale(2, 2);
    paper.fillStyle = colours.surface;
    paper.fillRect(0, 0, width, height);
    draw(paper, plot, { colours, curves, measure });
    if (kind === 'SVG') return save(new Blob([paper.toString()], { type: 'image/svg+xml' }), name);
    return picture.convertToBlob().then((blob) => save(blob, name));
  }

  store.on(['curves', 'zoom', 'view'], redraw);
  store.on(['curves', 'cursor'], (state) => {
    redraw();
    readout.update(figure, state, measure);
  });
  new ResizeObserver(redraw).observe(canvas);
  onColors(() => {
    colours = null;
    paint(); // at once: before printing there is no other frame
  });
  for (const button of figure.querySelectorAll('[data-save]')) {
    button.addEventListener('click', () => saveAs(button.dataset.save));
  }
  listen(canvas, store, {
    plot: () => plot,
    select(range) {
      selection = range;
      redraw();
    },
  });
}
