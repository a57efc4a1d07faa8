/** The pad: a sheet to draw on, the model input, the prediction, and the feature maps of every layer. */

import { folderOf } from '../core/api.js';
import { want } from '../core/artifacts.js';
import { addStyle, button, h, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { oncePerFrame } from '../core/redraw.js';
import { createBoxes } from './boxes.js';
import { createDrawing } from './drawing.js';
import { createFeatureMaps } from './feature-maps.js';
import { anyOf, createAlbum, pictureOf, pictureOfPixels, receive } from './image-input.js';
import { networkAt } from './epoch-network.js';
import { follow } from './loader.js';
import { createModelInput } from './model-input.js';
import { prepare } from './prepare.js';
import { createProbabilities } from './probabilities.js';
import { read } from './reading.js';
import { SavedDrawings } from './saved-drawings.js';
import { PEN_WIDTH, SIDE, createSheet } from './sheet.js';

/** @import {Store} from '../core/state-types.js' */
/** @import {Network} from './loader.js' */
/** @import {Prepared} from './prepare.js' */
/** @import {Reading} from './reading.js' */

const KEYS = 'Sheet to draw on. Arrow keys move the pen, Space lowers or lifts it, Backspace undoes, Escape clears.';
const CROP = 'If the photo also shows a table, a corner or a shadow around the paper, crop it to the paper.';

/**
 * @param {HTMLElement} element
 * @param {Store} store
 * @param {{hasRun?: boolean}} [options] hasRun: its test images and epochs can be read, too
 */
export async function mount(element, store, { hasRun = true } = {}) {
  await addStyle(new URL('pad.css', import.meta.url));
  const parts = markup();
  if (!hasRun) for (const part of [parts.save, parts.random, parts.saved]) part.remove();
  element.append(parts.root);
  const pad = new Pad(parts, store, hasRun);
  pad.update(true);
  follow(store);
  store.on(['network'], ({ network }) => network !== undefined && pad.use(network));
  store.on(['sent'], () => pad.receive());
  store.on(['epoch'], () => pad.showEpoch());
  store.on(['predictions'], () => pad.showLabel());
}

class Pad {
  #parts;
  #store;
  #drawing = createDrawing();
  #album = createAlbum();
  /** @type {Network | null} */
  #network = null;
  /** @type {Network | null | undefined} */
  #latest; // of the run, whichever epoch is chosen; undefined while it is loaded, null if it can't be computed
  /** @type {Reading | null} */
  #reading = null;
  /** @type {Prepared | null} */
  #prepared = null;
  /** @type {number | null} */
  #testImage = null; // index of the test image on the sheet

  constructor(parts, store, hasRun) {
    [this.#parts, this.#store] = [parts, store];
    const redraw = oncePerFrame(() => this.update(false)); // a pen reports more often
    this.sheet = createSheet(parts.canvas, this.#drawing, () => parts.pen.valueAsNumber, (isDone) => (isDone ? this.update(true) : redraw()));
    this.input = createModelInput(parts.input, () => this.update(true));
    this.showVerdict = createProbabilities(parts.verdict, parts.glance);
    this.showMaps = createFeatureMaps(parts.maps);
    this.showBoxes = createBoxes(parts.boxes);
    this.saved = hasRun ? new SavedDrawings(parts.saved, () => this.update(true)) : null;
    parts.undo.onclick = () => this.#edit(() => this.#drawing.undo());
    parts.clear.onclick = () => this.#edit(() => this.#drawing.clear());
    parts.random.onclick = () => this.#takeTestImage();
    parts.save.onclick = () => this.#reading && this.saved?.add(this.#reading.lines.map((line) => line.map(({ prepared }) => prepared)));
    parts.layers.ontoggle = () => this.#drawMaps();
    receive(parts.canvas, parts.file, (file) => this.#take(pictureOf(file), file.name || 'The picture'));
  }

  use(network) {
    this.#latest = network;
    this.saved?.use(network);
    this.showEpoch();
  }

  /** Computes with the weights of the epoch that the scrubber chose. */
  async showEpoch() {
    const [latest, { epoch }] = [this.#latest, this.#store.state];
    if (latest === undefined) return;
    const { network, note } = latest && epoch !== null ? await networkAt(latest, epoch) : { network: latest, note: '' };
    if (latest !== this.#latest || epoch !== this.#store.state.epoch) return; // it took too long
    this.#network = network;
    const text = network ? `Weights after epoch ${whole(network.plan.epoch)}. ${note}` : 'The network of this run can’t be computed here.';
    setText(this.#parts.which, text.trim());
    this.update(true);
  }

  /** From the drawing to the prediction; `isDone`: not in the middle of a stroke. */
  update(isDone) {
    const [parts, drawing, network] = [this.#parts, this.#drawing, this.#network];
    const image = drawing.isBlank ? null : this.sheet.image();
    const reading = network && image ? read(image, network, this.input.leftOut()) : null;
    const prepared = reading?.digits.at(-1)?.prepared ?? (image && prepare(image, this.input.leftOut()));
    if (drawing.picture && prepared) drawing.picture.ink = prepared.inverted ? '#111' : '#fff';
    this.#reading = reading;
    this.input.show(prepared);
    this.showVerdict(reading, isDone);
    this.showBoxes(reading?.digits ?? [], image ?? undefined);
    parts.layers.hidden = !reading;
    this.#drawMaps();
    this.#publish(prepared);
    parts.undo.disabled = !drawing.canUndo;
    parts.clear.disabled = drawing.isBlank;
    this.saved?.allow(parts.save, reading);
  }

  /** A blank pad leaves the digit of another one, as in a presentation. */
  #publish(prepared) {
    if (prepared || this.#store.state.drawn === this.#prepared) this.#store.set({ drawn: prepared });
    this.#prepared = prepared;
  }

  /** An image that another view sent here. */
  receive() {
    const { sent } = this.#store.state;
    if (!sent) return;
    this.#edit(() => this.#drawing.put({ ...pictureOfPixels(sent.pixels), ink: '#fff' }));
    setText(this.#parts.note, sent.title);
    this.#parts.canvas.focus();
    this.#store.set({ sent: null });
  }

  showLabel() {
    if (this.#testImage === null) return;
    const test = this.#store.state.predictions?.sets.find(({ kind }) => kind === 'test');
    const label = test?.labels[this.#testImage];
    setText(this.#parts.note, `Test image ${whole(this.#testImage)}${label === undefined ? '' : `, label ${label}`}`);
  }

  #edit(change) {
    change();
    this.#testImage = null;
    setText(this.#parts.note, '');
    this.sheet.draw();
    this.update(true);
  }

  /** Of the last digit, and only while they are open: there are many. */
  #drawMaps() {
    const digit = this.#reading?.digits.at(-1);
    if (digit && this.#parts.layers.open) this.showMaps(digit.output.maps);
  }

  /** @param {number | null} [index] of a test image */
  async #take(promise, name, index = null) {
    const picture = await promise.catch(() => null);
    if (!picture) {
      setText(this.#parts.note, `${name} is not an image that this browser can read.`);
      return;
    }
    this.#edit(() => this.#drawing.put({ ...picture, ink: '#fff' }));
    this.#testImage = index;
    if (index === null && ['not_a_digit', 'empty'].includes(this.#reading?.status ?? '')) setText(this.#parts.note, CROP);
    this.showLabel();
  }

  async #takeTestImage() {
    const { shown, log } = this.#store.state;
    want(this.#store, 'predictions'); // for the label
    const { index, image } = await anyOf((one) => this.#album(`${folderOf(shown)}test.png?run=${log.runId}`, one), log.dataset?.test || 1);
    await this.#take(image, 'The test set', index);
  }
}

function markup() {
  const canvas = h('canvas', { width: SIDE, height: SIDE, tabindex: '0', role: 'application', 'aria-label': KEYS });
  const file = h('input', { type: 'file', accept: 'image/*', class: 'unseen', tabindex: '-1', 'aria-hidden': 'true' });
  const [which, note] = [h('span', { class: 'soft' }), h('p', { class: 'soft', role: 'status' })];
  const [boxes, glance] = [['div', 'boxes'], ['p', 'glance']].map(([tag, name]) => h(tag, { class: name, 'aria-hidden': 'true' }));
  const [undo, clear, save, random] = ['Undo', 'Clear', 'Save drawing', 'Random test image'].map((label) => button(label));
  const pen = h('input', { type: 'range', min: 2, max: 40, value: PEN_WIDTH });
  const open = button('Open image', () => file.click());
  const [input, verdict, maps, saved] = ['input', 'verdict', 'layers', 'saved'].map((name) => h('div', { class: name }));
  const layers = h('details', { open: true, hidden: true }, h('summary', {}, 'Feature maps'), maps);
  saved.append(h('h3', {}, 'Saved drawings ', h('span', { class: 'soft' }, 'a column for each epoch, a row for each digit')));
  const root = h(
    'div', { class: 'pad' },
    h('p', {}, 'Draw a digit or a number with mouse, finger, pen or keys; or drop or paste an image. ', which),
    h(
      'div', { class: 'desk' },
      h('div', { class: 'sheet' }, h('div', { class: 'paper' }, canvas, boxes), glance, h('div', { class: 'picks' }, undo, clear, save, open, random, file, h('label', {}, 'Pen width ', pen)), note),
      h('div', {}, h('h3', {}, 'Model input'), input),
      h('div', { class: 'outcome' }, h('h3', {}, 'Prediction'), verdict),
    ),
    saved,
    layers,
  );
  return { root, canvas, boxes, file, which, note, pen, undo, clear, save, random, input, verdict, glance, maps, saved, layers };
}
