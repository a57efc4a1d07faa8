/** Paints a plot on an empty canvas, and over it what moves with the pointer. */

import { FONT, drawAxes, drawEvents, rule } from './axes.js';
import { nearest } from '../core/series.js';

const DASHES = [[2, 2], [8, 3, 2, 3], [12, 4], [4, 6]]; // other runs: never colour alone
const MANY = 60; // epochs; more marks than this would hide the line

export function draw(context, plot, { colours, curves, measure }) {
  const { area } = plot;
  drawAxes(context, plot, colours, curves.unit, measure.formatTick);
  drawEvents(context, plot, colours);
  context.save();
  context.beginPath();
  context.rect(area.left, area.top - 1, area.right - area.left + 1, area.bottom - area.top + 2);
  context.clip();
  for (const { points, number } of plot.others) drawLine(context, plot, points, colours[`other${number}`], DASHES[number - 1]);
  drawBatches(context, plot, curves.batchX, colours.train);
  if (plot.lines.smooth) drawRows(context, plot, curves.batchX, plot.lines.smooth, 1.75); // over the faint raw ones
  drawLine(context, plot, plot.lines.train, colours.train, []);
  drawLine(context, plot, plot.lines.validation, colours.validation, [6, 4]);
  context.restore();
  drawMarks(context, plot, plot.lines.train, colours.train, colours.surface, disc);
  drawMarks(context, plot, plot.lines.validation, colours.validation, colours.surface, diamond);
  drawNames(context, plot, colours);
}

export function drawOver(context, plot, { colours, curves, cursor, selection }) {
  if (selection) shade(context, plot, selection, colours.ink);
  if (cursor !== null) drawCursor(context, plot, curves, cursor, colours);
}

/** The batches: a soft line, and behind it the band between the least and the greatest of each bucket. */
function drawBatches(context, plot, xs, colour) {
  const { x, y, lines } = plot;
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineJoin = 'round';
  context.globalAlpha = 0.16;
  for (const [from, to] of lines.low ? runs(lines.batch) : []) {
    context.beginPath();
    for (let row = from; row < to; row += 1) context.lineTo(x(xs[row]), y(lines.high[row] ?? lines.batch[row]));
    for (let row = to - 1; row >= from; row -= 1) context.lineTo(x(xs[row]), y(lines.low[row] ?? lines.batch[row]));
    context.fill();
  }
  context.globalAlpha = lines.smooth ? 0.25 : lines.train.length + lines.validation.length || lines.low ? 0.4 : 1;
  drawRows(context, plot, xs, lines.batch, 1.25);
  context.globalAlpha = 1;
}

/** A line through the values, with its gaps. */
function drawRows(context, { x, y }, xs, values, width) {
  context.lineWidth = width;
  for (const [from, to] of runs(values)) {
    context.beginPath();
    for (let row = from; row < to; row += 1) context.lineTo(x(xs[row]), y(values[row]));
    context.stroke();
  }
}

/** Stretches [from, to) without a gap. */
function runs(values) {
  const stretches = [];
  values.forEach((value, row) => {
    if (value === null) return;
    if (row && values[row - 1] !== null) stretches.at(-1)[1] = row + 1;
    else stretches.push([row, row + 1]);
  });
  return stretches;
}

function drawLine(context, { x, y }, points, colour, dashes) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.setLineDash(dashes);
  context.beginPath();
  for (const point of points) context.lineTo(x(point.x), y(point.y));
  context.stroke();
  context.setLineDash([]);
}

/** The points of a line, whole also at the very edge. */
function drawMarks(context, { x, y, area, view }, points, colour, surface, mark) {
  context.fillStyle = colour;
  points.forEach((point, row) => {
    if (point.x < view[0] || point.x > view[1]) return;
    const [left, top] = [x(point.x), y(point.y)];
    if (top < area.top - 1 || top > area.bottom + 1) arrow(context, left, area, top < area.top);
    else if (points.length <= MANY || row === points.length - 1) {
      mark(context, left, top, 4);
      context.fill();
      context.strokeStyle = surface;
      context.lineWidth = 1;
      context.stroke();
    }
  });
}

/** A point outside the scale is told by an arrow at the edge. */
function arrow(context, x, { top, bottom }, up) {
  const [edge, way] = up ? [top, 1] : [bottom, -1];
  context.beginPath();
  context.moveTo(x, edge);
  context.lineTo(x - 5, edge + 8 * way);
  context.lineTo(x + 5, edge + 8 * way);
  context.fill();
}

function drawNames(context, { names }, colours) {
  context.font = `600 12px ${FONT}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const { text, kind, x, y } of names) {
    context.fillStyle = colours[kind];
    context.fillText(text, x, y);
  }
}

function drawCursor(context, { area, x, y, lines, view }, { batchX }, cursor, colours) {
  if (cursor < view[0] || cursor > view[1]) return;
  context.strokeStyle = colours.soft;
  context.lineWidth = 1;
  rule(context, x(cursor), area.top, x(cursor), area.bottom);
  const row = nearest(batchX, cursor);
  if (row < 0 || lines.batch[row] === null || y(lines.batch[row]) < area.top) return;
  disc(context, x(batchX[row]), y(lines.batch[row]), 4.5);
  context.fillStyle = colours.surface;
  context.fill();
  context.strokeStyle = colours.train;
  context.lineWidth = 2;
  context.stroke();
}

function shade(context, { area, x }, [from, to], colour) {
  context.globalAlpha = 0.12;
  context.fillStyle = colour;
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
