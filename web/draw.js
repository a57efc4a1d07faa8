/** Paints a plot on a canvas. */

import { BAD } from './events.js';
import { LANE } from './plot.js';
import { nearest } from './series.js';

const FONT = 'system-ui, sans-serif';
const MANY = 60; // epochs; more marks than this would hide the line

export function draw(context, plot, { colours, axis, cursor, selection, curves }) {
  const { size, area } = plot;
  context.clearRect(0, 0, size.width, size.height);
  drawAxes(context, plot, colours, axis);
  drawEvents(context, plot, colours);
  context.save();
  context.beginPath();
  context.rect(area.left, area.top - 1, area.right - area.left + 1, area.bottom - area.top + 2);
  context.clip();
  drawBatches(context, plot, curves.batchX, colours.train);
  drawEpochs(context, plot, plot.lines.train, colours.train, colours.surface, disc, []);
  drawEpochs(context, plot, plot.lines.validation, colours.validation, colours.surface, diamond, [6, 4]);
  if (selection) shade(context, plot, selection, colours.ink);
  context.restore();
  drawNames(context, plot, colours);
  if (cursor !== null) drawCursor(context, plot, curves, cursor, colours);
}

function drawAxes(context, { area, x, y, xTicks, yTicks }, colours, { unit, formatX, formatY }) {
  context.font = `12px ${FONT}`;
  context.lineWidth = 1;
  context.fillStyle = colours.soft;
  context.strokeStyle = colours.line;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const value of yTicks.values) {
    rule(context, area.left, y(value), area.right, y(value));
    context.fillText(formatY(value, yTicks), area.left - 8, y(value));
  }
  context.fillText(unit, area.left - 12, area.bottom + 14);
  context.strokeStyle = colours.soft;
  rule(context, area.left, area.bottom, area.right, area.bottom);
  context.textAlign = 'center';
  for (const value of xTicks.values) {
    rule(context, x(value), area.bottom, x(value), area.bottom + 4);
    context.fillText(formatX(value, xTicks), x(value), area.bottom + 14);
  }
}

/** The batches: a soft line, and behind it the band between the least and the greatest of each bucket. */
function drawBatches(context, { x, y, lines }, xs, colour) {
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineJoin = 'round';
  for (const [from, to] of runs(lines.batch)) {
    if (lines.low && lines.high) {
      context.globalAlpha = 0.16;
      context.beginPath();
      for (let row = from; row < to; row += 1) context.lineTo(x(xs[row]), y(lines.high[row] ?? lines.batch[row]));
      for (let row = to - 1; row >= from; row -= 1) context.lineTo(x(xs[row]), y(lines.low[row] ?? lines.batch[row]));
      context.fill();
    }
    context.globalAlpha = 0.45;
    context.lineWidth = 1.25;
    context.beginPath();
    for (let row = from; row < to; row += 1) context.lineTo(x(xs[row]), y(lines.batch[row]));
    context.stroke();
  }
  context.globalAlpha = 1;
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

function drawEpochs(context, { x, y, area }, points, colour, surface, mark, dashes) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.setLineDash(dashes);
  context.beginPath();
  for (const point of points) context.lineTo(x(point.x), y(point.y));
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = colour;
  points.forEach((point, row) => {
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

function drawEvents(context, { area, events }, colours) {
  context.font = `11px ${FONT}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const { at, left, lane, kind } of events) {
    const top = area.top - (lane === null ? 4 : (lane + 1) * LANE);
    context.fillStyle = BAD.has(kind) ? colours.bad : colours.soft;
    context.strokeStyle = context.fillStyle;
    context.setLineDash([2, 3]);
    rule(context, at, top + 2, at, area.bottom);
    context.setLineDash([]);
    if (lane !== null) context.fillText(kind, left + 4, top + 8);
  }
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
  const dots = row < 0 || lines.batch[row] === null ? [] : [[{ x: batchX[row], y: lines.batch[row] }, colours.train]];
  for (const [{ x: atX, y: atY }, colour] of dots) {
    if (y(atY) < area.top) continue;
    disc(context, x(atX), y(atY), 4.5);
    context.fillStyle = colours.surface;
    context.fill();
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
  }
}

function shade(context, { area, x }, [from, to], colour) {
  context.globalAlpha = 0.12;
  context.fillStyle = colour;
  context.fillRect(x(from), area.top, x(to) - x(from), area.bottom - area.top);
  context.globalAlpha = 1;
}

/** A straight line on whole pixels, so that it is not blurred over two. */
function rule(context, fromX, fromY, toX, toY) {
  const crisp = (value) => Math.round(value) + 0.5;
  context.beginPath();
  context.moveTo(crisp(fromX), crisp(fromY));
  context.lineTo(crisp(toX), crisp(toY));
  context.stroke();
}

function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function diamond(context, x, y, radius) {
  context.beginPath();
  context.moveTo(x, y - radius * 1.3);
  context.lineTo(x + radius * 1.3, y);
  context.lineTo(x, y + radius * 1.3);
  context.lineTo(x - radius * 1.3, y);
  context.closePath();
}
