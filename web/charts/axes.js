/** The background of a chart: axes, grid and event marks. */

import { BAD_EVENTS } from '../core/contract.js';
import { tick } from '../core/format.js';
import { LANE, LETTER } from './plot.js';

export const FONT = 'system-ui, sans-serif';

export function drawAxes(context, { area, x, y, xTicks, yTicks }, colors, unit, formatY) {
  context.font = `12px ${FONT}`;
  context.lineWidth = 1;
  context.fillStyle = colors.soft;
  context.strokeStyle = colors.line;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const value of yTicks.values) {
    crispLine(context, area.left, y(value), area.right, y(value));
    context.fillText(formatY(value, yTicks), area.left - 8, y(value));
  }
  context.strokeStyle = colors.soft;
  crispLine(context, area.left, area.bottom, area.right, area.bottom);
  const [first = Infinity] = xTicks.values.map((value) => x(value) - (LETTER * tick(value, xTicks.decimals).length) / 2); // left end of its label
  context.fillText(unit, Math.min(area.left - 12, first - 8), area.bottom + 14);
  context.textAlign = 'center';
  for (const value of xTicks.values) {
    crispLine(context, x(value), area.bottom, x(value), area.bottom + 4);
    context.fillText(tick(value, xTicks.decimals), x(value), area.bottom + 14);
  }
}

/** Dotted lines at events, labeled where there is room. */
export function drawEvents(context, { area, events }, colors) {
  context.font = `12px ${FONT}`;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const { at, left, lane, kind } of events) {
    const top = area.top - (lane === null ? 4 : (lane + 1) * LANE);
    context.fillStyle = BAD_EVENTS.has(kind) ? colors.bad : colors.soft;
    context.strokeStyle = context.fillStyle;
    context.setLineDash([2, 3]);
    crispLine(context, at, top + 2, at, area.bottom);
    context.setLineDash([]);
    if (lane !== null) context.fillText(kind, left + 4, top + 8);
  }
}

/** A straight line on whole pixels, so that it is not blurred over two. */
export function crispLine(context, fromX, fromY, toX, toY) {
  const crisp = (value) => Math.round(value) + 0.5;
  context.beginPath();
  context.moveTo(crisp(fromX), crisp(fromY));
  context.lineTo(crisp(toX), crisp(toY));
  context.stroke();
}
