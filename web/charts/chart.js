/** One chart: a canvas as large and as sharp as it is displayed, drawn at most once per frame. */

import { oncePerFrame } from '../core/redraw.js';
import { colorsIn, onColors } from '../core/theme.js';
import { draw, drawOver } from './draw.js';
import { listen } from './gestures.js';
import { OTHER_COLORS } from './line-styles.js';
import { plotOf } from './plot.js';
import * as readout from './readout.js';

/** @import {Store} from '../core/store.js' */

const COLORS = ['ink', 'soft', 'line', 'surface', 'train', 'validation', 'bad', ...OTHER_COLORS];

/**
 * @param {HTMLElement} figure
 * @param {Store} store
 * @param {any} measure
 */
export function mount(figure, store, measure) {
  const canvas = /** @type {HTMLCanvasElement} */ (figure.querySelector('canvas'));
  const staticLayer = createStaticLayer(figure, measure);
  /** @type {number[] | null} */
  let selection = null;

  function paint() {
    const { curves, cursor } = store.state;
    if (!curves || !canvas.clientWidth) return;
    const { image, plot, colors } = staticLayer.render(store.state, canvas);
    if (canvas.width !== image.width || canvas.height !== image.height) Object.assign(canvas, { width: image.width, height: image.height });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, image.width, image.height);
    context.drawImage(image, 0, 0);
    context.scale(devicePixelRatio, devicePixelRatio);
    drawOver(context, plot, { colors, curves, cursor, selection });
  }

  const redraw = oncePerFrame(paint);
  store.on(['curves', 'zoom', 'view'], redraw);
  store.on(['curves', 'cursor'], (state) => {
    redraw();
    readout.update(figure, state, measure);
  });
  new ResizeObserver(redraw).observe(canvas);
  onColors(() => {
    staticLayer.forgetColors();
    paint(); // at once: there is no further frame before printing
  });
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (figure.querySelectorAll('[data-save]'))) {
    button.addEventListener('click', async () => {
      const { log, curves } = store.state;
      const { plot, colors } = staticLayer;
      if (plot) (await import('./saving.js')).saveAs(button.dataset.save, { log, curves, plot, measure, colors });
    });
  }
  listen(canvas, store, {
    plot: () => staticLayer.plot,
    select(range) {
      selection = range;
      redraw();
    },
  });
}

/** Everything but the cursor, drawn again only when it changes: the pointer moves at sixty frames a second. */
function createStaticLayer(figure, measure) {
  const image = document.createElement('canvas');
  const context = /** @type {CanvasRenderingContext2D} */ (image.getContext('2d'));
  /** @type {Object<string, string> | null} */
  let colors = null;
  /** @type {ReturnType<typeof plotOf> | null} */
  let plot = null;
  let inputs = []; // of that plot

  function render({ curves, zoom, view }, { clientWidth, clientHeight }) {
    const size = { width: clientWidth, height: clientHeight };
    const [width, height] = [size.width, size.height].map((side) => Math.round(side * devicePixelRatio));
    colors ??= colorsIn(figure, COLORS);
    const current = [curves, zoom, view, colors, width, height];
    if (current.some((input, index) => input !== inputs[index])) {
      inputs = current;
      plot = plotOf(curves, measure, zoom, size, view);
      readout.note(figure, plot, measure);
      Object.assign(image, { width, height });
      context.scale(devicePixelRatio, devicePixelRatio);
      draw(context, plot, { colors, curves, measure });
    }
    return { image, plot, colors };
  }

  return {
    render,
    get plot() { return plot; },
    get colors() { return colors; },
    forgetColors() { colors = null; },
  };
}
