/** Mistakes: the confusion matrix after each epoch, and the images behind every count. */

import { setBackground } from '../core/api.js';
import { h, parts, setText } from '../core/dom.js';
import { counted, whole } from '../core/format.js';
import { whenSeen } from '../core/visibility.js';
import { card } from './card.js';
import { correct, inCell, mistakes } from './confusion.js';
import { cellName, matrixOf } from './matrix.js';

/** @import {AnswerSet} from '../core/types.js' */
/** @import {State, Store} from '../core/store.js' */
/** @import {Cell} from './confusion.js' */

/**
 * @typedef {object} Choice
 * @property {AnswerSet | null} set null: the latest
 * @property {'mistakes' | 'doubts' | Cell} pick
 * @property {number} limit images at most
 */

const PAGE = 60; // images
const PER_ROW = 100; // images in a mosaic
/** @type {Choice} */
const FIRST = { set: null, pick: 'mistakes', limit: PAGE };

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function mount(element, store) {
  const [table, list] = [element.querySelector('table'), element.querySelector('ol')];
  const picks = element.querySelectorAll('[data-pick]');
  /** @type {Object<string, any>} */
  const controls = { ...parts(element), table, list, picks };
  const { slider, test, more } = controls;
  let choice = FIRST;
  let runId = store.state.log?.runId;
  /** @type {unknown[]} */
  let drawn = []; // the inputs of what is drawn
  let isInView = false; // the gallery, whose mosaics are megabytes

  const sets = () => store.state.predictions?.sets ?? [];
  const change = (changes) => {
    choice = { ...choice, ...changes };
    draw();
  };
  const chooseSet = (set) => change({ set: set === sets().at(-1) ? null : set });
  const choosePick = (pick) => change({ pick, limit: PAGE });

  function draw() {
    const all = sets();
    const { pick, limit } = choice;
    const set = all.find(({ kind, epoch }) => kind === choice.set?.kind && epoch === choice.set?.epoch) ?? all.at(-1);
    const inputs = [set, pick, limit, isInView];
    if (!set || inputs.every((input, index) => input === drawn[index])) return;
    if (set !== drawn[0]) table?.replaceChildren(...matrixOf(set, choosePick));
    drawn = inputs;
    drawChoice(controls, all, set);
    markPick(controls, pick);
    drawGallery(controls, set, choice, isInView ? store.state : {});
  }

  store.on(['predictions', 'log'], ({ log }) => {
    if (runId !== log?.runId) choice = FIRST;
    runId = log?.runId;
    draw();
  });
  slider.addEventListener('input', () => chooseSet(sets()[slider.value]));
  test.addEventListener('click', () => chooseSet(sets().at(-1)));
  for (const button of controls.picks) button.addEventListener('click', () => choosePick(button.dataset.pick));
  more.addEventListener('click', () => change({ limit: choice.limit + PAGE }));
  whenSeen(list, () => {
    isInView = true;
    draw();
  });
}

/**
 * The slider over the epochs, and the button of the test set.
 * @param {Object<string, any>} controls
 * @param {AnswerSet[]} all
 * @param {AnswerSet} set
 */
function drawChoice({ slider, test, which, count }, all, set) {
  const isTest = set.kind === 'test';
  slider.max = all.length - 1;
  slider.value = all.indexOf(set);
  slider.disabled = all.length < 2;
  const text = isTest ? 'Test set' : `Validation after epoch ${whole(set.epoch)}`;
  setText(which, text);
  slider.ariaValueText = text;
  test.hidden = all[all.length - 1].kind !== 'test';
  test.ariaPressed = isTest;
  setText(count, `${counted(mistakes(set).length, 'mistake')} in ${counted(set.labels.length, 'image')}`);
}

/** @param {Object<string, any>} controls */
function markPick({ picks, table }, pick) {
  for (const button of picks) button.ariaPressed = button.dataset.pick === pick;
  for (const button of table.querySelectorAll('button')) button.ariaPressed = button.dataset.cell === cellName(pick);
}

/**
 * @param {Object<string, any>} controls
 * @param {AnswerSet} set
 * @param {Choice} choice
 * @param {Partial<State>} source
 */
function drawGallery({ title, list, more }, set, { pick, limit }, source) {
  const [images, heading] = gallery(set, pick);
  setText(title, heading);
  list.replaceChildren(...images.slice(0, limit).map((index) => card(answerOf(set, index), imageOf(set, index, source))));
  more.hidden = images.length <= limit;
  setText(more, `Show ${whole(Math.min(PAGE, images.length - limit))} more of ${whole(images.length)}`);
}

/**
 * The images to show, and their heading.
 * @returns {[number[], string]}
 */
function gallery(set, pick) {
  if (pick === 'doubts') return [correct(set), 'Correct, lowest confidence first'];
  if (pick === 'mistakes') return [mistakes(set), 'Mistakes, highest confidence first'];
  const images = inCell(set, pick);
  const { label, prediction } = pick;
  const [name, order] = label === prediction ? ['classified correctly', 'lowest'] : [`predicted as ${prediction}`, 'highest'];
  return [images, `${label} ${name}: ${counted(images.length, 'image')}, ${order} confidence first`];
}

function answerOf({ kind, labels, predictions, isCalibrated, confidences, probabilities }, index) {
  return {
    kind: kind === 'test' ? 'Test' : 'Validation',
    index,
    label: labels[index],
    prediction: predictions[index],
    confidence: confidences[index],
    isCalibrated,
    probabilities: probabilities.get(index) ?? [],
  };
}

/**
 * One image of the mosaic of all images.
 * @param {AnswerSet} set
 * @param {number} index
 * @param {Partial<State>} source
 */
function imageOf({ kind }, index, { predictions, log }) {
  const crop = h('span', { class: 'crop', 'aria-hidden': 'true' });
  const file = `${kind}.png`;
  if (log?.files.includes(file)) setBackground(crop, `${predictions?.folder}${file}?run=${log.runId}`); // each live run has its own
  crop.style.setProperty('--column', index % PER_ROW);
  crop.style.setProperty('--line-of', Math.floor(index / PER_ROW));
  return crop;
}
