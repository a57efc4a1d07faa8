/** Mistakes: the confusion matrix after an epoch, the confusions by number, and the images behind every count. */

import { setBackground } from '../core/background.js';
import { addStyle, h, parts, setText } from '../core/dom.js';
import { counted, whole } from '../core/format.js';
import { nameOf } from '../core/images.js';
import { answersAt, titleOfSet } from '../core/timeline.js';
import { RESTING_MS, createAtRest } from '../core/redraw.js';
import { whenSeen } from '../core/visibility.js';
import { card } from './card.js';
import { correct, inCell, mistakes } from './confusion.js';
import { confusionsOf } from './confusions.js';
import { historyOf } from './error-history.js';
import { cellName, createMatrix } from './matrix.js';
import { opensImages, replaceItems } from './image-list.js';
import { moveWithArrows, setTabStop } from './matrix-keys.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @import {State, Store} from '../core/state-types.js' */

const PAGE = 60; // images
const PER_ROW = 100; // images in a mosaic
const DOUBTS = 'doubts'; // correct, with low confidence
const ROOM = 200; // px of the images that are in view below their heading

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export async function mount(element, store) {
  await addStyle(new URL('mistakes.css', import.meta.url));
  const table = /** @type {HTMLTableElement} */ (element.querySelector('table'));
  const list = element.querySelector('ol.digits');
  const picks = element.querySelectorAll('[data-pick]');
  /** @type {Object<string, any>} */
  const controls = { ...parts(element), table, list, picks };
  let limit = PAGE;
  /** @type {unknown[]} */
  let drawn = []; // inputs of the last drawing
  let isInView = false; // the gallery, whose mosaics are megabytes
  let history = historyOf([]); // of the error, in the set shown
  const drawAtRest = createAtRest(RESTING_MS);

  const choose = (cell) => store.set({ selected: { ...store.state.selected, cell } });
  const drawMatrix = createMatrix(table, chooseCell);

  /** Its images are below the matrix and the confusions, on a phone out of view. */
  function chooseCell(cell) {
    choose(cellName(cell));
    const { top } = controls.title.getBoundingClientRect();
    if (top < 0 || top > controls.title.ownerDocument.documentElement.clientHeight - ROOM) controls.title.scrollIntoView();
  }

  function draw() {
    const { predictions, set: kind, epoch, selected } = store.state;
    const { set, note } = answersAt(predictions?.sets ?? [], kind, epoch);
    const inputs = [predictions, set, note, selected.cell, limit, isInView];
    if (!set || inputs.every((input, index) => input === drawn[index])) return;
    if (selected.cell !== drawn[3]) limit = PAGE;
    if (predictions !== drawn[0] || set.kind !== /** @type {any} */ (drawn[1])?.kind) {
      history = historyOf(predictions?.sets.filter((one) => one.kind === set.kind) ?? []);
    }
    if (set !== drawn[1] || predictions !== drawn[0]) {
      drawMatrix(set, history);
      controls.confusions.replaceChildren(...confusionsOf(set, history, chooseCell));
    }
    const isOtherEpoch = inputs.every((input, index) => input === drawn[index] || index === 1);
    drawn = [...inputs.slice(0, 4), limit, isInView];
    drawHeading(controls, set, note);
    markPick(controls, selected.cell);
    drawAtRest(() => drawGallery(controls, set, { cell: selected.cell, limit }, isInView ? store.state : {}), isOtherEpoch);
  }

  store.on(['predictions', 'set', 'epoch', 'selected'], draw);
  for (const button of controls.picks) button.addEventListener('click', () => choose(button.dataset.pick === DOUBTS ? DOUBTS : null));
  controls.more.addEventListener('click', () => {
    limit += PAGE;
    draw();
  });
  moveWithArrows(table);
  if (list) opensImages(list, store, () => listed(store.state));
  whenSeen(list, () => {
    isInView = true;
    draw();
  });
}

/**
 * @param {Object<string, any>} controls
 * @param {AnswerSet} set
 */
function drawHeading({ which, count, note }, set, text) {
  setText(which, titleOfSet(set));
  setText(count, `${counted(mistakes(set).length, 'mistake')} in ${counted(set.labels.length, 'image')}`);
  setText(note, text || (set.kind === 'test' ? 'Evaluated once, after training: no history over the epochs.' : ''));
}

/** @param {Object<string, any>} controls */
function markPick({ picks, table, confusions }, cell) {
  for (const button of picks) button.ariaPressed = button.dataset.pick === (cell === null ? 'mistakes' : cell);
  for (const button of [...table.querySelectorAll('button'), ...confusions.querySelectorAll('button')]) {
    button.ariaPressed = button.dataset.cell === cell || button.dataset.confusion === cell;
  }
  setTabStop(table);
}

/**
 * @param {Object<string, any>} controls
 * @param {AnswerSet} set
 * @param {{cell: string | null, limit: number}} choice
 * @param {Partial<State>} source
 */
function drawGallery({ title, list, more }, set, { cell, limit }, source) {
  const [images, heading] = gallery(set, cell);
  setText(title, heading);
  replaceItems(list, images.slice(0, limit).map((index, place) => card(answerOf(set, index), imageOf(set, index, source), place === 0)));
  more.hidden = images.length <= limit;
  setText(more, `Show ${whole(Math.min(PAGE, images.length - limit))} more of ${whole(images.length)}`);
}

/** The names of all images of the gallery. */
export function listed({ predictions, set: kind, epoch, selected }) {
  const { set } = answersAt(predictions?.sets ?? [], kind, epoch);
  return set ? gallery(set, selected.cell)[0].map((index) => nameOf(set.kind, index)) : [];
}

/**
 * The images to show, and their heading.
 * @returns {[number[], string]}
 */
function gallery(set, cell) {
  if (cell === DOUBTS) return [correct(set), 'Correct, lowest confidence first'];
  if (cell === null) return [mistakes(set), 'Mistakes, highest confidence first'];
  const [label, prediction] = Array.from(cell, Number);
  const images = inCell(set, { label, prediction });
  const [name, order] = label === prediction ? ['classified correctly', 'lowest'] : [`predicted as ${prediction}`, 'highest'];
  return [images, `${label} ${name}: ${counted(images.length, 'image')}, ${order} confidence first`];
}

export function answerOf({ kind, labels, predictions, isCalibrated, confidences, probabilities }, index) {
  return {
    name: nameOf(kind, index),
    label: labels[index],
    prediction: predictions[index],
    confidence: confidences[index],
    isCalibrated,
    probabilities: probabilities.get(index) ?? [],
  };
}

/** The URL of the mosaic of all images of a set; null without one. */
export function mosaicOf(kind, { predictions, log }) {
  const file = `${kind}.png`;
  return log?.files.includes(file) ? `${predictions?.folder}${file}?run=${log.runId}` : null; // each live run has its own
}

/**
 * One image of the mosaic of all images.
 * @param {AnswerSet} set
 * @param {number} index
 * @param {Partial<State>} source
 */
export function imageOf({ kind }, index, { predictions, log }) {
  const crop = h('span', { class: 'crop', 'aria-hidden': 'true' });
  const url = mosaicOf(kind, { predictions, log });
  if (url) setBackground(crop, url);
  crop.style.setProperty('--column', index % PER_ROW);
  crop.style.setProperty('--line-of', Math.floor(index / PER_ROW));
  return crop;
}
