/** Small images, one pixel per value. */

import { h } from '../core/dom.js';

/** A <canvas> of `rows` times `columns` grays 0..255, row by row. */
export function raster(grays, rows, columns, attributes) {
  const canvas = h('canvas', { width: columns, height: rows, ...attributes });
  paint(canvas, grays, rows, columns);
  return canvas;
}

/** Paints such grays on a part of a canvas. */
export function paint(canvas, grays, rows, columns, left = 0, top = 0) {
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  grays.forEach((gray, place) => image.data.set([gray, gray, gray, 255], 4 * place));
  context.putImageData(image, left, top);
}
