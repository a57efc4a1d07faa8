/** Segmentation of ink into lines of pieces: the rules of digits/inference/segmentation.py, which explains them. */

import { rounded } from '../core/resize.js';
import { componentsOf } from './components.js';

const LIMITS = {
  MAX_PIECES: 100,
  SOLID: 0.25, SPECK: 0.05, DUST: 0.01,
  TALL: 0.6, STACKED: 0.5, NEAR: 0.2, SAME_LINE: 0.4,
  DOT: 0.35, DASH: 0.22,
  ALONG_EDGE: 0.7, WIDE: 0.75, MARGIN: 0.15, VALLEY: 0.12, THIN: 0.45, DIGIT_WIDTH: 0.5,
};

/**
 * @typedef {object} Piece
 * @property {number[]} labels of its components
 * @property {number} left
 * @property {number} top
 * @property {number} right
 * @property {number} bottom
 * @property {number} mass sum of its ink
 */
/** @typedef {{ink: {height: number, width: number, values: Float64Array}, labels: Int32Array, lines: Piece[][]}} Sheet */

export const heightOf = (piece) => piece.bottom - piece.top;
const widthOf = (piece) => piece.right - piece.left;
const ascending = (a, b) => a - b;
const middleOf = (values) => values.sort(ascending)[Math.floor(values.length / 2)];
const tallestOf = (pieces) => Math.max(0, ...pieces.map(heightOf));

/**
 * Lines of pieces, top to bottom and left to right; none if there are more than MAX_PIECES.
 * @returns {Sheet}
 */
export function segment(ink) {
  const { labels, masses } = componentsOf(ink);
  const pieces = withoutSpecks(piecesOf(ink, labels, masses), LIMITS.DUST);
  if (pieces.length > LIMITS.MAX_PIECES) return { ink, labels, lines: [] };
  return { ink, labels, lines: linesOf(withoutMarks(withoutSpecks(joinStacked(pieces), LIMITS.SPECK))) };
}

/** The ink of a piece alone, in its bounding box. */
export function inkOfPiece({ ink, labels }, { labels: own, left, top, right, bottom }) {
  const [height, width, mine] = [bottom - top, right - left, new Set(own)];
  const values = new Float64Array(height * width).map((_, place) => {
    const at = (top + Math.floor(place / width)) * ink.width + left + (place % width);
    return mine.has(labels[at]) ? ink.values[at] : 0;
  });
  return { height, width, values };
}

/** Whether there is ink to the left or right of the piece, such as a speck that was left out. */
export function hasInkBeside({ ink: { width, values } }, { top, bottom, left, right }) {
  const isBeside = (column) => column < left || column >= right;
  return values.subarray(top * width, bottom * width).some((ink, place) => ink > 0 && isBeside(place % width));
}

/** Whether the piece lies along two edges of the sheet that meet, with most of its height and of its width. */
export function fillsCorner(sheet, piece) {
  const { height, width, values } = inkOfPiece(sheet, piece);
  const share = (count, placeOf) => Array.from({ length: count }, (_, at) => Number(values[placeOf(at)] > 0)).reduce((sum, one) => sum + one) / count;
  const inRow = (row) => share(width, (column) => row * width + column);
  const inColumn = (column) => share(height, (row) => row * width + column);
  const alongRow = Math.max(piece.top ? 0 : inRow(0), piece.bottom < sheet.ink.height ? 0 : inRow(height - 1));
  const alongColumn = Math.max(piece.left ? 0 : inColumn(0), piece.right < sheet.ink.width ? 0 : inColumn(width - 1));
  return Math.min(alongRow, alongColumn) >= LIMITS.ALONG_EDGE;
}

/** One piece of several. */
export function join(pieces) {
  return {
    labels: pieces.flatMap(({ labels }) => labels),
    left: Math.min(...pieces.map(({ left }) => left)),
    top: Math.min(...pieces.map(({ top }) => top)),
    right: Math.max(...pieces.map(({ right }) => right)),
    bottom: Math.max(...pieces.map(({ bottom }) => bottom)),
    mass: pieces.reduce((sum, { mass }) => sum + mass, 0),
  };
}

/** Columns at which a wide piece may be two digits: valleys of the ink's profile, the thinnest. */
export function cutsOf(sheet, piece) {
  const [height, width] = [heightOf(piece), widthOf(piece)];
  if (width < LIMITS.WIDE * height) return [];
  const smooth = movingAverage(profileOf(inkOfPiece(sheet, piece)), Math.max(1, Math.floor(height / 40)));
  const [reach, margin] = [LIMITS.VALLEY, LIMITS.MARGIN].map((part) => Math.max(1, Math.trunc(part * width)));
  const isValley = (x) =>
    smooth[x] <= LIMITS.THIN * height
    && smooth.subarray(Math.max(0, x - reach), x).every((value) => smooth[x] < value)
    && smooth.subarray(x, x + reach + 1).every((value) => smooth[x] <= value);
  const valleys = Array.from({ length: Math.max(0, width - 2 * margin) }, (_, at) => margin + at).filter(isValley);
  const most = Math.max(1, rounded(width / height / LIMITS.DIGIT_WIDTH));
  return valleys.sort((a, b) => smooth[a] - smooth[b]).slice(0, most).map((x) => piece.left + x).sort(ascending);
}

function profileOf({ width, values }) {
  const sums = new Float64Array(width);
  values.forEach((value, at) => { sums[at % width] += value; });
  return sums;
}

/** Beyond the ends, the first and the last value are repeated. */
function movingAverage(values, radius) {
  const last = values.length - 1;
  return values.map((_, at) => {
    let sum = 0;
    for (let place = at - radius; place <= at + radius; place += 1) sum += values[Math.min(last, Math.max(0, place))];
    return sum / (2 * radius + 1);
  });
}

function piecesOf({ width }, labels, masses) {
  const pieces = Array.from(masses, (mass, label) => ({ labels: [label], left: Infinity, top: Infinity, right: 0, bottom: 0, mass }));
  labels.forEach((label, at) => {
    if (!label) return;
    const [piece, row, column] = [pieces[label], Math.floor(at / width), at % width];
    piece.left = Math.min(piece.left, column);
    piece.top = Math.min(piece.top, row);
    piece.right = Math.max(piece.right, column + 1);
    piece.bottom = row + 1;
  });
  return pieces.slice(1);
}

/** The masses of the pieces with as much ink as a digit may have next to the largest. */
function solidMasses(pieces) {
  const masses = pieces.map(({ mass }) => mass);
  const largest = masses.reduce((most, mass) => Math.max(most, mass), 0);
  return masses.filter((mass) => mass >= LIMITS.SOLID * largest);
}

function withoutSpecks(pieces, least) {
  const typical = middleOf(solidMasses(pieces));
  return pieces.filter(({ mass }) => mass >= least * typical);
}

/** Joins components that are one above the other and close: strokes of one digit. */
function joinStacked(pieces) {
  const mayBeLines = solidMasses(pieces).length > 2; // else a broken digit is more likely than two lines of one digit
  const lineHeight = mayBeLines ? LIMITS.TALL * tallestOf(pieces) : Infinity;
  let joined = [];
  for (let piece of [...pieces].sort((a, b) => heightOf(b) - heightOf(a))) {
    for (;;) {
      const stacked = joined.filter((one) => areStacked(one, piece, lineHeight));
      if (!stacked.length) break;
      piece = join([piece, ...stacked]);
      joined = joined.filter((one) => !stacked.includes(one));
    }
    joined.push(piece);
  }
  return joined;
}

function areStacked(one, other, lineHeight) {
  if (Math.min(heightOf(one), heightOf(other)) >= lineHeight && overlapY(one, other) <= 0) return false;
  const overlap = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const isNear = -overlapY(one, other) < LIMITS.NEAR * Math.max(heightOf(one), heightOf(other));
  return isNear && overlap >= LIMITS.STACKED * Math.min(widthOf(one), widthOf(other));
}

/** Rows that both cover; negative: the gap between them. */
const overlapY = (one, other) => Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);

/** From top to bottom: each piece is in one line with its nearest neighbor on the right. */
function linesOf(pieces) {
  const sorted = [...pieces].sort((a, b) => a.left + a.right - b.left - b.right || a.top - b.top);
  let lineOf = sorted.map((_, at) => at);
  sorted.forEach((piece, at) => {
    const isBeside = (other) => other.left + other.right > piece.left + piece.right
      && overlapY(piece, other) >= LIMITS.SAME_LINE * Math.min(heightOf(piece), heightOf(other));
    const beside = sorted.map((_, place) => place).filter((place) => isBeside(sorted[place]));
    if (!beside.length) return;
    const nearest = beside.reduce((best, place) => (sorted[place].left < sorted[best].left ? place : best));
    const [ours, theirs] = [lineOf[at], lineOf[nearest]];
    lineOf = lineOf.map((line) => (line === theirs ? ours : line));
  });
  const lines = [...new Set(lineOf)].map((line) => sorted.filter((_, at) => lineOf[at] === line));
  const middle = (line) => line.reduce((sum, { top, bottom }) => sum + top + bottom, 0) / line.length;
  return lines.sort((a, b) => middle(a) - middle(b));
}

/** Without decimal points, commas and dashes. */
function withoutMarks(pieces) {
  const tallest = tallestOf(pieces);
  const typical = middleOf(pieces.map(heightOf).filter((height) => 2 * height >= tallest));
  return pieces.filter((piece) => heightOf(piece) >= LIMITS.DASH * typical && Math.max(heightOf(piece), widthOf(piece)) >= LIMITS.DOT * typical);
}
