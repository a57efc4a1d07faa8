/** Division of a number into digits: the rules of digits/inference/division.py, which explains them. */

import { REASONS, rejectionReason } from './input-checks.js';
import { cutsOf, hasInkBeside, heightOf, join } from './segmentation.js';

/** @import {Piece, Sheet} from './segmentation.js' */
/** @import {Digit} from './reading.js' */

export const PENALTIES = { DIGIT: 0.3, CUT: 2.2, JOIN: 5, REJECTED: 3, CHECKED: 6 };
const [LEAST, CLEAR, BOUNDARY] = [-6, -0.05, -4];
const [MAX_JOINED, MAX_SLICES, MAX_GAP, MAX_WIDTH] = [3, 4, 0.35, 2.2];
const { DIGIT, CUT, JOIN, REJECTED, CHECKED } = PENALTIES;

/** @typedef {{value: number, digits: Digit[]}} Division */
/** @typedef {{start: number, end: number, division: Division}} Part from one place of a line or piece to another */

/**
 * The log of the probability that it is a digit times that of its label; less if it is rejected.
 * @param {Digit} digit
 */
export function score({ prepared, verdict, energy }) {
  if (verdict.status === 'empty') return 2 * LEAST - CHECKED;
  const isDigit = -Math.log1p(Math.exp(Math.min(energy - BOUNDARY, 700)));
  const label = Math.log(Math.max(verdict.probabilities[verdict.label], 1e-9));
  const rejected = verdict.reason ? REJECTED : 0;
  return Math.max(isDigit, LEAST) + Math.max(label, LEAST) - (rejectionReason(prepared) ? CHECKED : rejected);
}

/** Whether no division into several digits by cuts can have a higher value. */
export const isClear = (whole) => whole.prepared.parts <= 1 && score(whole) >= -CUT - DIGIT;

/**
 * The digits of each line; `whole`: the picture read as one digit, which competes; `read` reads a piece.
 * @param {Sheet} sheet
 * @param {Digit} whole
 * @param {(piece: Piece) => Digit} read
 */
export function divide(sheet, whole, read) {
  const pieces = sheet.lines.flat();
  const isWhole = pieces.length === 1 && !hasInkBeside(sheet, pieces[0]);
  const lines = sheet.lines.map((line) => {
    const digits = line.map((piece) => (isWhole ? whole : read(piece)));
    const single = line.map((piece, at) => ({ start: at, end: at + 1, division: dividePiece(sheet, piece, digits[at], read) }));
    return best([...single, ...joinsOf(line, digits, read)]);
  });
  if (isWhole) return [lines[0].digits];
  const digits = lines.flatMap((line) => line.digits);
  const rejected = digits.filter(({ verdict }) => verdict.reason).length;
  const asOne = asDigit(whole, JOIN * (pieces.length - 1));
  const isOne = asOne.value >= lines.reduce((sum, { value }) => sum + value, 0) || 2 * rejected >= digits.length;
  return isOne ? [asOne.digits] : lines.map((line) => line.digits);
}

const asDigit = (digit, penalty = 0) => ({ value: score(digit) - DIGIT - penalty, digits: [digit] });

/** A piece as one digit, or as several that touch if that is clearly better. */
function dividePiece(sheet, piece, whole, read) {
  const uncut = asDigit(whole);
  const edges = score(whole) < -CUT - DIGIT ? [piece.left, ...cutsOf(sheet, piece), piece.right] : [];
  if (edges.length < 3) return uncut;
  const cut = best(slicesOf(piece, edges, read));
  if (cut.value > uncut.value && cut.digits.every((digit) => score(digit) >= CLEAR && digit.verdict.label !== 1)) return cut;
  const isTouching = whole.verdict.reason !== null && cut.value + CUT * (cut.digits.length - 1) > uncut.value;
  if (!isTouching) return uncut;
  return { ...uncut, digits: [{ ...whole, prepared: { ...whole.prepared, isTouching }, verdict: { ...whole.verdict, reason: REASONS.touching } }] };
}

/** The parts of a piece between any two of its cuts and edges. */
function slicesOf(piece, edges, read) {
  const parts = [];
  for (let start = 0; start < edges.length - 1; start += 1) {
    for (let end = start + 1; end <= Math.min(start + MAX_SLICES, edges.length - 1); end += 1) {
      if (end - start === edges.length - 1) continue; // the piece itself
      const digit = read({ ...piece, left: edges[start], right: edges[end] });
      parts.push({ start, end, division: asDigit(digit, start ? CUT : 0) });
    }
  }
  return parts;
}

/** Neighbors near enough to be one digit, which apart are worth less than as the clearest digit. */
function joinsOf(line, digits, read) {
  const parts = [];
  const typical = line.map(heightOf).sort((a, b) => a - b)[Math.floor(line.length / 2)];
  for (let start = 0; start < line.length; start += 1) {
    for (let end = start + 2; end <= Math.min(start + MAX_JOINED, line.length); end += 1) {
      const run = line.slice(start, end);
      const gap = Math.max(...run.slice(1).map(({ left }, at) => left - run[at].right));
      const width = Math.max(...run.map(({ right }) => right)) - run[0].left;
      const apart = digits.slice(start, end).reduce((sum, digit) => sum + asDigit(digit).value, 0);
      const penalty = JOIN * (run.length - 1);
      const fits = gap <= MAX_GAP * typical && width <= MAX_WIDTH * Math.max(...run.map(heightOf));
      if (fits && apart < -DIGIT - penalty) parts.push({ start, end, division: asDigit(read(join(run)), penalty) });
    }
  }
  return parts;
}

/**
 * The best sequence of parts from place 0 to the last, each from where the one before ends.
 * @param {Part[]} parts
 * @returns {Division}
 */
function best(parts) {
  /** @type {Division[]} */
  const found = [{ value: 0, digits: [] }];
  for (const { start, end, division } of parts.sort((a, b) => a.start - b.start || a.end - b.end)) {
    const value = found[start].value + division.value;
    if (!found[end] || value > found[end].value) found[end] = { value, digits: [...found[start].digits, ...division.digits] };
  }
  return found[found.length - 1];
}
