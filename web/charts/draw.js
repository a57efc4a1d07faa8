/** Drawing of a plot on an empty canvas, and of the cursor and selection over it. */

import { FONT, crispLine, drawAxes, drawEvents } from './axes.js';
import { colorOf, dashesOf } from './line-styles.js';
import { nearest } from './series.js';

const MAX_MARKS = 60; // more would hide the line

export function draw(context, plot, { colors, curves, measure }) {
  const { area } = plot;
  drawAxes(context, plot, colors, curves.unit, measure.formatTick);
  drawEvents(context, plot, colors);
  context.save();
  context.beginPath();
  context.rect(area.left, area.top - 1, area.right - area.left + 1, area.bottom - area.top + 2);
  context.clip();
  for (const { band, number } of plot.others) if (band) drawBand(context, plot, band, colors[colorOf(number)]);
  for (const { points, number } of plot.others) drawLine(context, plot, points, colors[colorOf(number)], dashesOf(number));
  drawBatches(context, plot, curves.batchX, colors.train);
  if (plot.lines.smooth) drawRows(context, plot, curves.batchX, plot.lines.smooth, 1.75); // over the faint raw ones
  drawLine(context, plot, plot.lines.train, colors.train, []);
  drawLine(context, plot, plot.lines.validation, colors.validation, [6, 4]);
  context.restore();
  for (const { points, number } of plot.others) if (points.length === 1) drawMarks(context, plot, points, colors[colorOf(number)], colors.surface, disc);
  drawMarks(context, plot, plot.lines.train, colors.train, colors.surface, disc);
  drawMarks(context, plot, plot.lines.validation, colors.validation, colors.surface, diamond);
  drawNames(context, plot, colors);
}

export function drawOver(context, plot, { colors, curves, cursor, selection }) {
  if (selection) shade(context, plot, selection, colors.ink);
  if (cursor !== null) drawCursor(context, plot, curves, cursor, colors);
}

/** The batches: a faint line over the band between the minimum and maximum of each bucket. */
function drawBatches(context, plot, xs, color) {
  const { x, y, lines } = plot;
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineJoin = 'round';
  context.globalAlpha = 0.16;
  for (const [from, to] of lines.low ? segments(lines.batch) : []) {
    context.beginPath();
    for (let row = from; row < to; row += 1) context.lineTo(x(xs[row]), y(lines.high[row] ?? lines.batch[row]));
    for (let row = to - 1; row >= from; row -= 1) context.lineTo(x(xs[row]), y(lines.low[row] ?? lines.batch[row]));
    context.fill();
  }
  context.globalAlpha = lines.smooth ? 0.25 : lines.train.length + lines.validation.length || lines.low ? 0.4 : 1;
  drawRows(context, plot, xs, lines.batch, 1.25);
  context.globalAlpha = 1;
}

/** A line through the values, interrupted at nulls. */
function drawRows(context, { x, y }, xs, values, width) {
  context.lineWidth = width;
  for (const [from, to] of segments(values)) {
    context.beginPath();
    for (let row = from; row < to; row += 1) context.lineTo(x(xs[row]), y(values[row]));
    context.stroke();
  }
}

/** Ranges [from, to) of rows without nulls. */
function segments(values) {
  const ranges = [];
  values.forEach((value, row) => {
    if (value === null) return;
    if (row && values[row - 1] !== null) ranges.at(-1)[1] = row + 1;
    else ranges.push([row, row + 1]);
  });
  return ranges;
}

function drawLine(context, { x, y }, points, color, dashes) {
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.setLineDash(dashes);
  context.beginPath();
  for (const point of points) context.lineTo(x(point.x), y(point.y));
  context.stroke();
  context.setLineDash([]);
}

/** The spread of a group of runs. */
function drawBand(context, { x, y }, { low, high }, color) {
  context.fillStyle = color;
  context.globalAlpha = 0.16;
  context.beginPath();
  for (const point of [...high, ...low.toReversed()]) context.lineTo(x(point.x), y(point.y));
  context.fill();
  context.globalAlpha = 1;
}

/** The points of a line, not clipped at the edge. */
function drawMarks(context, { x, y, area, view }, points, color, surface, mark) {
  context.fillStyle = color;
  points.forEach((point) => {
    if (point.x < view[0] || point.x > view[1]) return;
    const [left, top] = [x(point.x), y(point.y)];
    if (top < area.top - 1 || top > area.bottom + 1) arrow(context, left, area, top < area.top);
    else if (points.length <= MAX_MARKS) {
      mark(context, left, top, 4);
      context.fill();
      context.strokeStyle = surface;
      context.lineWidth = 1;
      context.stroke();
    }
  });
}

/** An arrow at the edge stands for a point outside the scale. */
function arrow(context, x, { top, bottom }, up) {
  const [edge, direction] = up ? [top, 1] : [bottom, -1];
  context.beginPath();
  context.moveTo(x, edge);
  context.lineTo(x - 5, edge + 8 * direction);
  context.lineTo(x + 5, edge + 8 * direction);
  context.fill();
}

function drawNames(context, { names }, colors) {
  context.font = `600 12px ${FONT}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const { text, kind, x, y } of names) {
    context.fillStyle = colors[kind];
    context.fillText(text, x, y);
  }
}

function drawCursor(context, { area, x, y, lines, view }, { batchX }, cursor, colors) {
  if (cursor < view[0] || cursor > view[1]) return;
  context.strokeStyle = colors.soft;
  context.lineWidth = 1;
  crispLine(context, x(cursor), area.top, x(cursor), area.bottom);
  const row = nearest(batchX, cursor);
  if (row < 0 || lines.batch[row] === null || y(lines.batch[row]) < area.top) return;
  disc(context, x(batchX[row]), y(lines.batch[row]), 4.5);
  context.fillStyle = colors.surface;
  context.fill();
  context.strokeStyle = colors.train;
  context.lineWidth = 2;
  context.stroke();
}

function shade(context, { area, x }, [from, to], color) {
  context.globalAlpha = 0.12;
  context.fillStyle = color;
  context.fillRect(x(from), area.top, x(to) - x(from), area.bottom - area.top);
  context.globalAlpha = 1;
}

function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function diamond(context, x, y, radius) {
  const reach = radius * 1.3;
  context.beginPath();
  context.moveTo(x, y - reach);
  context.lineTo(x + reach, y);
  context.lineTo(x, y + reach);
  context.lineTo(x - reach, y);
  context.closePath();
}
