/** Files of a chart: PNG and SVG as it is displayed, CSV of its numbers. */

import { h } from '../core/dom.js';
import { draw } from './draw.js';

/** The numbers of one chart as CSV: a row for each bucket of batches, then one for each epoch. */
function csvOf({ steps, batchX, epochX, epochs, unit, ...curves }, key) {
  const { batch, low, high } = curves[key];
  const xOf = (x) => (unit === 'step' ? [] : [x]);
  const rows = [['kind', 'step', ...xOf(unit), key, 'least', 'greatest', 'training', 'validation']];
  steps.forEach((step, row) => rows.push(['batches', step, ...xOf(batchX[row]), batch[row], low?.[row], high?.[row], '', '']));
  const [train, validation] = [epochs[`train_${key}`], epochs[`val_${key}`]];
  if (train) epochX.forEach((x, row) => rows.push(['epoch', epochs.step[row], ...xOf(x), '', '', '', train[row], validation[row]]));
  return `${rows.map((row) => row.join(',')).join('\n')}\n`;
}

/** Saves a chart as `kind`: PNG, SVG or CSV. */
export async function saveAs(kind, chart) {
  download(await FORMATS[kind](chart), `${asFileName(chart.log.name)}-${chart.measure.key}.${kind.toLowerCase()}`);
}

const FORMATS = {
  CSV: ({ curves, measure }) => new Blob([csvOf(curves, measure.key)], { type: 'text/csv' }),
  async SVG(chart) {
    const { width, height } = chart.plot.size;
    const context = (await import('./svg.js')).svgContext(width, height);
    drawOn(context, chart);
    return new Blob([context.toString()], { type: 'image/svg+xml' });
  },
  PNG(chart) {
    const canvas = new OffscreenCanvas(2 * chart.plot.size.width, 2 * chart.plot.size.height);
    const context = canvas.getContext('2d');
    context?.scale(2, 2);
    drawOn(context, chart);
    return canvas.convertToBlob();
  },
};

function drawOn(context, { plot, colors, curves, measure }) {
  context.fillStyle = colors.surface;
  context.fillRect(0, 0, plot.size.width, plot.size.height);
  draw(context, plot, { colors, curves, measure });
}

/** Saves a blob under this name. */
export function download(blob, name) {
  const link = h('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A run's name as part of a file name. */
export const asFileName = (run) => run.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60) || 'run';
