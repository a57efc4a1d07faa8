/** The geometry of a chart in pixels; drawing is in draw.js. */

import { BAD_EVENTS } from '../core/contract.js';
import { apart, lanes } from './labels.js';
import { extent, wholeRange } from './range.js';
import { linear, logTicks, logarithmic, ticks } from './scale.js';
import { points } from './series.js';
import { smoothed } from './smooth.js';
import { PLAIN } from '../core/url-state.js';

/** @import {Curves} from '../core/types.js' */
/** @import {View, Zoom} from '../core/url-state.js' */

const LEFT = 60; // room for "100.0 %"
const BOTTOM = 24;
const NARROW = 440; // below this, the names beside the lines would take too much of the width
export const LANE = 16; // px, of a row of labels above the plot
const LANES = 2;
export const LETTER = 6.4; // px, of a label's font: an estimate of the width

/**
 * The plot of one measure.
 * @param {Curves} curves
 * @param {any} measure
 * @param {Zoom | null} zoom
 * @param {{width: number, height: number}} size
 * @param {View} [options]
 * @param {{low: number, high: number} | null} [shown] another range of the y axis than that of the values
 */
export function plotOf(curves, measure, zoom, size, options = PLAIN, shown = null) {
  const view = zoom ?? curves.full;
  const others = (curves.others ?? []).map((other) => ({ ...other, points: lineOf(other, measure), band: bandOf(other, measure) }));
  const lines = linesOf(curves, measure, others.length ? 0 : options.smoothing);
  const inView = ({ x }) => x >= view[0] && x <= view[1];
  const batches = points(curves.batchX, lines.batch).filter(inView);
  const overlaid = others.flatMap((other) => [...other.points, ...(other.band?.low ?? []), ...(other.band?.high ?? [])]);
  const firm = [...lines.train, ...lines.validation, ...overlaid].filter(inView);
  const { isLog, ...fitting } = rangeOf(batches, firm, measure, options);
  const range = { ...fitting, ...shown };
  const events = curves.events.filter((event) => event.x !== null && event.kind !== 'refused' && inView(event));
  const right = size.width - (size.width < NARROW ? 12 : 84);
  const x = linear(view, [LEFT, right]);
  const marks = placeEvents(events, x, right);
  const area = { left: LEFT, right, top: 8 + LANE * marks.lanes, bottom: size.height - BOTTOM };
  const y = (isLog ? logarithmic : linear)([range.low, range.high], [area.bottom, area.top]);
  const yTickCount = (area.bottom - area.top) / 44;
  const smallest = curves.unit === 'step' || view[1] - view[0] > 3 ? 1 : 0;
  return {
    size, area, x, y, view, range, lines, others,
    xTicks: ticks(view[0], view[1], (area.right - area.left) / 72, smallest),
    yTicks: isLog ? logTicks(range.low, range.high, yTickCount) : ticks(range.low, range.high, yTickCount),
    events: marks.events,
    names: size.width < NARROW || measure.lines?.length === 1 ? [] : placeNames(lines, batches, inView, x, y, area),
  };
}

/** The lines of one measure. In a comparison the batches would hide the other runs: there the epochs are drawn alone. */
function linesOf(curves, { key, value, isSmoothed = true }, smoothing) {
  const given = curves[key];
  const isComparison = (curves.others ?? []).length > 0 && given.validation.length > 1;
  const batch = isComparison ? given.batch.map(() => null) : mapped(given.batch, value);
  const ends = isComparison ? {} : { low: given.low && mapped(given.low, value), high: given.high && mapped(given.high, value) };
  const [train, validation] = [given.train, given.validation].map((line) => line.map(({ x, y }) => ({ x, y: value ? value(y) : y })));
  const smooth = smoothing && isSmoothed ? { smooth: smoothed(batch, smoothing) } : {};
  return { batch, ...ends, train, validation, ...smooth };
}

const mapped = (column, value) => (value ? column.map((one) => (one === null ? null : value(one))) : column);

function rangeOf(batches, firm, measure, { logarithmic: isLogWanted, outliers }) {
  const logRange = (measure.isLog || (isLogWanted && measure.allowsLog)) && wholeRange(batches, firm, true);
  if (logRange) return { ...logRange, isLog: true };
  const isWhole = outliers && batches.length + firm.length > 0 && measure.first;
  return { ...(isWhole ? allOf(batches, firm, measure) : measure.range(batches, firm)), isLog: false };
}

/** The line of an overlaid run: validation, or its batches where it has none; of a group: their mean. */
function lineOf(curves, { key, value = (one) => one }) {
  const { mean } = curves.bands?.[key] ?? {};
  const { validation, batch } = curves[key];
  const line = mean?.length ? mean : validation.length ? validation : points(curves.batchX, batch);
  return line.map(({ x, y }) => ({ x, y: value(y) }));
}

/**
 * The band of a group; null for a run.
 * @param {import('../core/types.js').OtherCurves} curves
 */
function bandOf(curves, { key, value = (one) => one }) {
  const band = curves.bands?.[key];
  const edge = (line) => line.map(({ x, y }) => ({ x, y: value(y) }));
  return band ? { ...band, low: edge(band.low), high: edge(band.high) } : null;
}

/** The range with every outlier; accuracy ends at 1. */
function allOf(batches, firm, { key }) {
  if (key !== 'accuracy') return wholeRange(batches, firm, false);
  const [low] = extent([...batches, ...firm], 'y');
  return { low: Math.floor(low * 10) / 10, high: 1, beyond: null };
}

/** Event marks with a label in a lane above the plot; where no lane is free, the least important lose theirs. */
function placeEvents(events, x, right) {
  const boxes = events.map(({ kind, isCause, x: at }) => {
    const width = kind.length * LETTER + 8;
    return { width, x: Math.min(x(at), right - width - 4), weight: isCause ? 2 : Number(BAD_EVENTS.has(kind)) };
  });
  const taken = lanes(boxes, LANES, 4);
  return {
    lanes: Math.max(0, ...taken.map((lane) => (lane ?? -1) + 1)),
    events: events.map((event, row) => ({ ...event, at: x(event.x), left: boxes[row].x, lane: taken[row] })),
  };
}

/** The lines' names at their right ends. */
function placeNames({ train, validation }, batches, inView, x, y, area) {
  const inside = (height) => Math.min(area.bottom, Math.max(area.top, height));
  const ends = [
    { text: 'training', kind: 'train', ...(train.findLast(inView) ?? batches.at(-1)) },
    { text: 'validation', kind: 'validation', ...validation.findLast(inView) },
  ].filter((end) => 'x' in end);
  const last = Math.max(batches.at(-1)?.x ?? -Infinity, ...ends.map((end) => end.x));
  const heights = apart(ends.map((end) => inside(y(end.y))), 15, area.top + 4, area.bottom - 4);
  return ends.map((end, index) => ({ ...end, x: x(last) + 10, y: heights[index] }));
}
