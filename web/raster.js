/** Small pictures, a pixel for a value. */

import { h } from './dom.js';

/** A <canvas> of `rows` times `columns` greys 0..255, row by row. */
export function raster(greys, rows, columns, attributes) {
  const canvas = h('canvas', { width: columns, height: rows, ...attributes });
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  greys.forEach((grey, place) => image.data.set([grey, grey, grey, 255], 4 * place));
  context.putImageData(image, 0, 0);
  return canvas;
}
