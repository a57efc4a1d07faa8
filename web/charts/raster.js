/** Small pictures, a pixel for a value. */

import { h } from '../core/dom.js';

/** A <canvas> of `rows` times `columns` greys 0..255, row by row. */
export function raster(greys, rows, columns, attributes) {
  const canvas = h('canvas', { width: columns, height: rows, ...attributes });
  paint(canvas, greys, rows, columns);
  return canvas;
}

/** The same on a part of a canvas. */
export function paint(canvas, greys, rows, columns, left = 0, top = 0) {
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  greys.forEach((grey, place) => image.data.set([grey, grey, grey, 255], 4 * place));
  context.putImageData(image, left, top);
}
