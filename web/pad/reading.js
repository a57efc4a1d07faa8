/** Reading of a picture: the number in it, and each of its digits, as in digits/inference/reading.py. */

import { withoutSpecks } from './components.js';
import { divide, isClear } from './division.js';
import { boxOf } from './frame.js';
import { readingOf } from './number.js';
import { WORKING_SIDE, cleaned } from './photo.js';
import { inkIn, prepare, prepareInk } from './prepare.js';
import { fillsCorner, inkOfPiece, segment } from './segmentation.js';
import { judge, oodScore } from './verdict.js';

/** @import {Box} from './frame.js' */
/** @import {Network} from './loader.js' */
/** @import {Output} from './network.js' */
/** @import {Picture, Prepared} from './prepare.js' */
/** @import {Verdict} from './verdict.js' */

/** @typedef {{prepared: Prepared, output: Output, verdict: Verdict, energy: number, box: Box | null}} Digit `box` in the picture; null: all of it */
/** @typedef {import('./number.js').NumberOf<Digit>} Reading */

/**
 * The digits in a picture. With steps left out, it is read as one.
 * @param {Picture} picture
 * @param {Pick<Network, 'plan' | 'forward'>} network
 * @param {string[]} [leaveOut]
 * @returns {Reading}
 */
export function read(picture, network, leaveOut = []) {
  const first = attempt(picture, network, leaveOut);
  const isAccepted = ['ok', 'uncertain'].includes(first.status);
  const isSure = isAccepted && !first.digits.some(({ prepared }) => prepared.touchesEdge);
  const second = leaveOut.length || isSure ? null : withoutShadows(picture, network);
  return second?.status !== 'ok' || (isAccepted && first.text.includes(second.text)) ? first : second;
}

/** The second attempt, if the first one was rejected or may have read a shadow; null if it would be the same. */
function withoutShadows(picture, network) {
  const clean = cleaned(picture);
  if (!clean) return null;
  const second = attempt(clean.picture, network, []);
  const inPicture = (box) => box?.map((edge) => edge / clean.scale) ?? null;
  return readingOf(second.lines.map((line) => line.map((digit) => ({ ...digit, box: inPicture(digit.box) }))));
}

/** @returns {Reading} */
function attempt(picture, network, leaveOut) {
  const whole = readOne(prepare(picture, leaveOut), network, null);
  if (leaveOut.length || whole.verdict.status === 'empty' || isClear(whole)) return readingOf([[whole]]);
  const { ink, inverted, scale } = inkIn(picture, true, WORKING_SIDE);
  const sheet = segment(ink);
  if (!sheet.lines.length) return readingOf([[whole]]);
  return readingOf(divide(sheet, whole, (piece) => readPiece(sheet, piece, inverted, scale, network)));
}

/** @returns {Digit} */
function readOne(prepared, { plan, forward }, box) {
  const output = forward(prepared.pixels);
  return { prepared, output, verdict: judge(prepared, output.logits, plan), energy: oodScore(output.logits), box };
}

function readPiece(sheet, piece, inverted, scale, network) {
  const { ink, parts } = withoutSpecks(inkOfPiece(sheet, piece));
  const [left, top, right, bottom] = /** @type {Box} */ (boxOf(ink));
  const { height, width } = sheet.ink;
  const touchesEdge = !piece.left || !piece.top || piece.right === width || piece.bottom === height;
  const box = /** @type {Box} */ ([piece.left + left, piece.top + top, piece.left + right, piece.top + bottom].map((edge) => edge / scale));
  return readOne({ ...prepareInk(ink, parts), inverted, touchesEdge, fillsCorner: fillsCorner(sheet, piece) }, network, box);
}
