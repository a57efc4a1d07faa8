/** One chart: a canvas as large and as sharp as it is displayed, drawn at most once per frame. */

import { oncePerFrame } from '../core/redraw.js';
import { colorsIn, onColors } from '../core/theme.js';
import { isAlive } from '../core/status.js';
import { draw, drawOver } from './draw.js';
import { Easing } from './easing.js';
import { listen } from './gestures.js';
import { COLORS } from './line-styles.js';
import { plotOf } from './plot.js';
import * as readout from './readout.js';
import { placeOf } from './series.js';

/** @import {Store} from '../core/state-types.js' */

/**
 * @param {HTMLElement} figure
 * @param {Store} store
 * @param {(view: import('../core/url-state.js').View) => any} measureFor the measure to draw under these chart options
 */
export function mount(figure, store, measureFor) {
  const canvas = /** @type {HTMLCanvasElement} */ (figure.querySelector('canvas'));
  const staticLayer = createStaticLayer(figure, measureFor);
  /** @type {number[] | null} */
  let selection = null;

  function paint() {
    const { curves } = store.state;
    if (!curves || !canvas.clientWidth) return;
    const { image, plot, scale, colors } = staticLayer.render(store.state, canvas);
    if (canvas.width !== image.width || canvas.height !== image.height) Object.assign(canvas, { width: image.width, height: image.height });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, image.width, image.height);
    context.drawImage(image, 0, 0);
    context.scale(scale, scale);
    drawOver(context, plot, { colors, curves, cursor: placeOf(store.state), selection });
    if (staticLayer.isMoving) redraw();
  }

  const redraw = oncePerFrame(paint);
  store.on(['curves', 'zoom', 'view'], redraw);
  store.on(['curves', 'cursor', 'epoch', 'view'], (state) => {
    redraw();
    readout.update(figure, state, measureFor(state.view));
  });
  new ResizeObserver(redraw).observe(canvas);
  onColors(() => {
    staticLayer.forgetColors();
    paint(); // at once: there is no further frame before printing
  });
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (figure.querySelectorAll('[data-save]'))) {
    button.addEventListener('click', async () => {
      const { log, curves, view } = store.state;
      const { plot, colors } = staticLayer;
      if (plot) (await import('./saving.js')).saveAs(button.dataset.save, { log, curves, plot, measure: measureFor(view), colors });
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
function createStaticLayer(figure, measureFor) {
  const image = document.createElement('canvas');
  const context = /** @type {CanvasRenderingContext2D} */ (image.getContext('2d'));
  /** @type {Object<string, string> | null} */
  let colors = null;
  /** @type {ReturnType<typeof plotOf> | null} */
  let plot = null;
  let inputs = []; // of that plot
  const easing = new Easing();

  /** The plot with the y axis of a live run eased. */
  function eased({ curves, zoom, view, log, liveness }, measure, size) {
    const fitting = plotOf(curves, measure, zoom, size, view);
    if (!isAlive(liveness)) {
      easing.stop();
      return fitting;
    }
    const { axis, logarithmic, outliers, errors } = view;
    const key = JSON.stringify([log?.runId, zoom, axis, logarithmic, outliers, errors]);
    const { low, high } = easing.next(fitting.range, key, performance.now());
    const isSame = low === fitting.range.low && high === fitting.range.high;
    return isSame ? fitting : plotOf(curves, measure, zoom, size, view, { low, high });
  }

  function render(state, { clientWidth, clientHeight }) {
    const { curves, zoom, view } = state;
    const measure = measureFor(view);
    const enlarged = scaleOf(figure);
    const size = { width: clientWidth / enlarged, height: clientHeight / enlarged };
    const scale = devicePixelRatio * enlarged;
    const [width, height] = [clientWidth, clientHeight].map((side) => Math.round(side * devicePixelRatio));
    colors ??= colorsIn(figure, COLORS);
    const current = [curves, zoom, view, colors, width, height];
    if (easing.isMoving || current.some((input, index) => input !== inputs[index])) {
      inputs = current;
      plot = eased(state, measure, size);
      readout.note(figure, plot, measure);
      Object.assign(image, { width, height });
      context.scale(scale, scale);
      draw(context, plot, { colors, curves, measure });
    }
    return { image, plot, scale, colors };
  }

  return {
    render,
    get plot() { return plot; },
    get colors() { return colors; },
    get isMoving() { return easing.isMoving; },
    forgetColors() { colors = null; },
  };
}

/** The drawing is as many times as large as the figure's type is larger than the page's. */
function scaleOf(figure) {
  const [own, page] = [figure, document.documentElement].map((element) => parseFloat(getComputedStyle(element).fontSize));
  return own / page;
}
