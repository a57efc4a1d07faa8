/** The saved drawings of digits and numbers, up to eight, with the predictions of each epoch. */

import { raster } from '../charts/raster.js';
import { h, remember, remembered } from '../core/dom.js';
import { colorsIn, onColors } from '../core/theme.js';
import { historyOf } from './drawing-history.js';
import { createNetwork } from './network.js';
import { readingOf, wordsOfNumber } from './number.js';
import { planAt } from './plan.js';
import { judge, softmax } from './verdict.js';

/** @import {Network} from './loader.js' */
/** @import {Prepared} from './prepare.js' */
/** @import {Verdict} from './verdict.js' */

/**
 * @typedef {object} SavedDigit
 * @property {Uint8Array} pixels
 * @property {number} parts
 * @property {boolean} touchesEdge
 * @property {boolean} [fillsCorner]
 * @property {boolean} [isTouching]
 * @property {Map<number, number[]>} history ten probabilities by epoch
 * @property {Verdict | null} verdict of the current network
 */
/** @typedef {SavedDigit[][]} SavedDrawing lines of digits */

const KEY = 'drawings'; // in the browser's storage
const MAX_DRAWINGS = 8;
const [CELL_WIDTH, CELL_HEIGHT] = [12, 12]; // pixels of one probability
const PIXELS = 784;

export class SavedDrawings {
  #element;
  #list = h('ol');
  #changed;
  #drawings = stored().map(fresh);
  /** @type {Network | null} */
  #network = null;
  #turn = 0; // of the latest evaluation

  /** Fills `element`; `changed()` is called when a drawing is added or removed. */
  constructor(element, changed) {
    this.#element = element;
    this.#changed = changed;
    element.append(this.#list);
    onColors(() => this.#render());
    this.#render();
  }

  /** Enables the button that saves a drawing, if there is one to save and room for it. */
  allow(button, reading) {
    button.disabled = !reading || this.#drawings.length >= MAX_DRAWINGS;
  }

  /** @param {Prepared[][]} lines of digits */
  add(lines) {
    if (this.#drawings.length >= MAX_DRAWINGS) return;
    this.#drawings = [...this.#drawings, fresh(lines)];
    this.#save();
    this.#evaluate();
  }

  /** @param {Network | null} network */
  use(network) {
    if (network?.plan.runId !== this.#network?.plan.runId) this.#drawings = this.#drawings.map(fresh);
    this.#network = network;
    this.#evaluate();
  }

  #remove(drawing) {
    this.#drawings = this.#drawings.filter((one) => one !== drawing);
    this.#save();
  }

  #save() {
    remember(KEY, JSON.stringify(this.#drawings.map((lines) => lines.map((line) => line.map(storable)))));
    this.#render();
    this.#changed();
  }

  /** The current network at once, then those of the earlier epochs, one per task so that the page stays responsive. */
  async #evaluate() {
    const turn = (this.#turn += 1);
    const network = this.#network;
    const digits = this.#drawings.flat(2);
    if (network) for (const digit of digits) judgeWith(network, digit);
    this.#render();
    if (!network || !digits.length) return;
    const { plan } = network;
    const missing = plan.epochs.filter((epoch) => epoch !== null).filter((epoch) => digits.some(({ history }) => !history.has(epoch)));
    const weights = missing.length ? await network.epochs().catch(() => null) : null;
    for (const epoch of missing) {
      await new Promise((resolve) => { setTimeout(resolve); });
      if (turn !== this.#turn) return;
      const weightsOf = weights?.get(epoch);
      if (weightsOf) addEpoch(digits, plan, epoch, weightsOf());
    }
    this.#render();
  }

  #render() {
    this.#element.hidden = !this.#drawings.length;
    const colors = colorsIn(this.#element.parentElement, ['accent', 'line']);
    this.#list.replaceChildren(...this.#drawings.map((drawing) => cardOf(drawing, colors, () => this.#remove(drawing))));
  }
}

/**
 * @param {Pick<SavedDigit, 'pixels' | 'parts' | 'touchesEdge' | 'fillsCorner' | 'isTouching'>[][]} lines
 * @returns {SavedDrawing}
 */
const fresh = (lines) => lines.map((line) => line.map((digit) => ({ ...storable(digit), pixels: digit.pixels, history: new Map(), verdict: null })));

/** The facts that the verdict depends on. @param {Pick<SavedDigit, 'pixels' | 'parts' | 'touchesEdge' | 'fillsCorner' | 'isTouching'>} digit */
const storable = ({ pixels, parts, touchesEdge, fillsCorner = false, isTouching = false }) => ({ pixels: Array.from(pixels), parts, touchesEdge, fillsCorner, isTouching });

/** @returns {SavedDrawing[]} */
function stored() {
  try {
    const given = JSON.parse(remembered(KEY) ?? '[]');
    const drawings = given.map(linesOf).filter((lines) => lines.length && lines.every((line) => line.length && line.every(isWhole)));
    return drawings.slice(0, MAX_DRAWINGS).map((lines) => fresh(lines.map((line) => line.map(restored))));
  } catch {
    return [];
  }
}

/** Until 0.2.0 a drawing was a list of the pixels of one digit, or these with its parts. */
function linesOf(given) {
  if (!Array.isArray(given)) return [[given]];
  return Array.isArray(given[0]) ? given : [[{ pixels: given, parts: 1 }]];
}

const isWhole = ({ pixels, parts }) => pixels.length === PIXELS && pixels.every(Number.isFinite) && Number.isInteger(parts);
const restored = ({ pixels, parts, touchesEdge, fillsCorner, isTouching }) => ({
  pixels: Uint8Array.from(pixels), parts, touchesEdge: touchesEdge === true, fillsCorner: fillsCorner === true, isTouching: isTouching === true,
});

function judgeWith({ plan, forward }, digit) {
  digit.verdict = judge(digit, forward(digit.pixels).logits, plan);
  digit.history.set(plan.epoch, digit.verdict.probabilities);
}

function addEpoch(digits, plan, epoch, weights) {
  const then = planAt(plan, epoch);
  const forward = createNetwork(then, weights);
  for (const { pixels, history } of digits) {
    if (!history.has(epoch)) history.set(epoch, softmax(forward(pixels).logits, then.temperature));
  }
}

function cardOf(lines, colors, remove) {
  const digits = lines.flat();
  const texts = digits.map(({ history, verdict }) => historyOf(epochsOf(history), history, verdict));
  return h(
    'li', {},
    ...digits.flatMap(({ pixels, history }, at) => [
      raster(pixels, 28, 28, { class: 'digit', 'aria-hidden': 'true' }),
      heatMap(epochsOf(history).map((epoch) => history.get(epoch)), colors, texts[at]),
    ]),
    h('p', {}, digits.length > 1 && digits[0].verdict ? wordsOfNumber(readingOf(lines)).join(': ') : texts[0]),
    h('button', { type: 'button', 'aria-label': 'Delete this drawing', onclick: remove }, '×'),
  );
}

const epochsOf = (history) => [...history.keys()].sort((a, b) => a - b);

/** A column for each epoch, a row for each digit: opacity is the probability. */
function heatMap(columns, colors, label) {
  const [width, height] = [Math.max(1, columns.length) * CELL_WIDTH, 10 * CELL_HEIGHT];
  const canvas = h('canvas', { width: 2 * width, height: 2 * height, role: 'img', 'aria-label': label });
  canvas.style.aspectRatio = `${width} / ${height}`;
  const context = canvas.getContext('2d');
  context.scale(2, 2);
  columns.forEach((probabilities, column) => probabilities.forEach((probability, digit) => {
    for (const [color, opacity] of [[colors.line, 1], [colors.accent, probability]]) {
      context.fillStyle = color;
      context.globalAlpha = opacity;
      context.fillRect(column * CELL_WIDTH, digit * CELL_HEIGHT, CELL_WIDTH - 1, CELL_HEIGHT - 1);
    }
  }));
  const digits = h('span', { class: 'scale', 'aria-hidden': 'true' }, ...Array.from({ length: 10 }, (_, digit) => h('i', {}, digit)));
  return h('div', { class: 'history' }, digits, canvas);
}
