/** One chart: keeps its canvas as large and as sharp as it is shown, and paints at most once a frame. */

import { draw } from './draw.js';
import { listen } from './gestures.js';
import { plotOf } from './plot.js';
import * as readout from './readout.js';
import { onColours } from './theme.js';

const COLOURS = ['ink', 'soft', 'line', 'surface', 'train', 'validation', 'bad'];

export function mount(figure, store, measure) {
  const canvas = figure.querySelector('canvas');
  const context = canvas.getContext('2d');
  const probe = figure.querySelector('[data-part=probe]');
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
    const { curves, zoom, cursor } = store.state;
    const size = { width: canvas.clientWidth, height: canvas.clientHeight };
    if (!curves || !size.width) return;
    const density = devicePixelRatio;
    const [width, height] = [Math.round(size.width * density), Math.round(size.height * density)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const wanted = [curves, zoom, width, height];
    if (wanted.some((part, index) => part !== planned[index])) {
      plot = plotOf(curves, measure, zoom, size);
      planned = wanted;
      readout.note(figure, plot, measure);
    }
    colours ??= coloursOf(probe);
    context.setTransform(density, 0, 0, density, 0, 0);
    draw(context, plot, { colours, cursor, selection, curves, axis: axisOf(curves, measure) });
  }

  store.on(['curves', 'zoom'], redraw);
  store.on(['curves', 'cursor'], (state) => {
    redraw();
    readout.update(figure, state, measure);
  });
  new ResizeObserver(redraw).observe(canvas);
  onColours(() => {
    colours = null;
    paint(); // at once: before printing there is no other frame
  });
  listen(canvas, store, {
    plot: () => plot,
    select(range) {
      selection = range;
      redraw();
    },
  });
}

function axisOf({ unit }, { formatTick }) {
  return {
    unit,
    formatX: (value, { decimals }) => value.toLocaleString('en-US', { maximumFractionDigits: decimals }),
    formatY: formatTick,
  };
}

/** The style sheet's colours as a canvas understands them: resolved for light or dark. */
function coloursOf(probe) {
  return Object.fromEntries(COLOURS.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  }));
}
