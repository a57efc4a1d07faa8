/** The panel of the drawer: heading with previous and next, and a section for each thing that is known about the image. */

import { button, h, isCommand, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { closeImage, titleOf } from '../core/images.js';
import { RESTING_MS, createAtRest } from '../core/redraw.js';
import { insteadOf } from '../core/timeline.js';
import { isAlive } from '../core/status.js';
import { createFeatureMaps } from '../pad/feature-maps.js';
import { createTen } from '../pad/ten.js';
import { opensImages } from '../views/image-list.js';
import { createCourse } from './course.js';
import { Evidence } from './evidence.js';
import { createNeighbors } from './neighbors.js';
import { inTurn } from './turn.js';
import { verdictSentence } from './why.js';

/** @import {Store} from '../core/state-types.js' */
/** @import {Subject} from './subject.js' */

/**
 * `element`, `open()`, `close()`, and `show(subject)`.
 * @param {Store} store
 */
export function createPanel(store) {
  const parts = markup(store);
  const { element, place, previous, next, evidence, course, neighbors, maps, layers, pad } = parts;
  /** @type {Subject | null} */
  let latest = null;
  let mapped = ''; // image, run and epoch of the feature maps
  const drawAtRest = createAtRest(RESTING_MS);

  const go = (by) => {
    const name = inTurn(store.state, by);
    if (name) store.set({ selected: { ...store.state.selected, image: name } });
  };
  const drawMaps = () => {
    if (!latest?.network || !latest.pixels || !layers.open) return;
    const wanted = `${latest.name} ${latest.network.plan.runId} ${latest.network.plan.epoch}`;
    if (wanted !== mapped) maps(latest.network.forward(latest.pixels).maps);
    mapped = wanted;
  };

  previous.addEventListener('click', () => go(-1));
  next.addEventListener('click', () => go(1));
  layers.addEventListener('toggle', drawMaps);
  pad.addEventListener('click', () => {
    if (!latest?.pixels) return;
    const text = latest.label === null ? titleOf(latest.name) : `${titleOf(latest.name)}, label ${latest.label}`;
    store.set({ page: 'try', sent: { title: text, pixels: latest.pixels }, selected: { ...store.state.selected, image: null } });
  });
  onArrows(element, go);

  return {
    element,
    open() {
      element.hidden = false;
      element.scrollTop = 0;
      element.focus({ preventScroll: true });
    },
    close() {
      element.hidden = true;
      drawAtRest(() => evidence.stop(), false);
    },
    /** @param {Subject} subject */
    show(subject) {
      const { pixels, network } = subject;
      const isOtherEpoch = latest?.name === subject.name && latest.pixels === pixels;
      latest = subject;
      setText(place, placeText(store.state));
      previous.disabled = !inTurn(store.state, -1);
      next.disabled = !inTurn(store.state, 1);
      drawAnswer(parts, subject, store.state.epoch);
      course.show(subject);
      neighbors.show(subject, store.state, isAlive(store.state.liveness));
      pad.disabled = !pixels || !network;
      layers.hidden = !pixels || !network;
      drawAtRest(() => {
        evidence.show(subject);
        drawMaps();
      }, isOtherEpoch);
    },
  };
}

function onArrows(element, go) {
  element.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const isTaken = event.defaultPrevented || isCommand(event) || event.target.closest('input');
    if (!by || isTaken) return;
    event.preventDefault();
    go(by);
  });
}

/** @type {(parts: Object<string, any>, subject: Subject, epoch: number | null) => void} */
function drawAnswer({ element, title, verdict, when, ten }, { name, label, answer, note }, epoch) {
  const probabilities = answer?.probabilities.length ? answer.probabilities : null;
  setText(title, titleOf(name));
  setText(verdict, verdictText(answer, label));
  element.dataset.verdict = answer && label !== null ? (answer.prediction === label ? 'right' : 'wrong') : '';
  setText(when, answer ? `After epoch ${whole(answer.epoch)}. ${insteadOf('Predictions', epoch, answer.epoch) || note}`.trim() : 'The files of this run have no prediction for this image.');
  ten.element.hidden = !probabilities;
  ten.show(probabilities, answer?.prediction, label);
}

function verdictText(answer, label) {
  if (answer) return verdictSentence(answer, label);
  return label === null ? '' : `The label is ${label}.`;
}

function placeText({ listed, selected }) {
  const at = listed.indexOf(selected.image);
  return at < 0 || listed.length < 2 ? '' : `${whole(at + 1)} of ${whole(listed.length)}`;
}

function markup(store) {
  const [title, place] = [h('h2', { id: 'drawer-title' }), h('span', { class: 'soft' })];
  const [previous, next, close] = [['‹', 'Previous image'], ['›', 'Next image'], ['×', 'Close']].map(([sign, label]) => h('button', { type: 'button', 'aria-label': label, title: label }, sign));
  const [verdict, when] = [h('p', { class: 'drawer-verdict', role: 'status' }), h('p', { class: 'soft' })];
  const [ten, evidence, neighbors] = [createTen(), new Evidence(), createNeighbors()];
  const course = createCourse((epoch) => store.set({ epoch: epoch === store.state.log.epochs.epoch.at(-1) ? null : epoch }));
  const pad = button('Open in the pad');
  const list = h('div', { class: 'layers' });
  const layers = h('details', { open: true }, h('summary', {}, 'Feature maps'), list);
  const element = h(
    'section', { class: 'drawer', role: 'dialog', 'aria-labelledby': 'drawer-title', tabindex: -1, hidden: true },
    h('div', { class: 'drawer-heading' }, title, place, previous, next, close),
    verdict, h('div', { class: 'drawer-when' }, when, pad), evidence.element,
    h('section', {}, h('h3', {}, 'Probabilities'), ten.element),
    course.element, neighbors.element, layers,
  );
  close.addEventListener('click', () => closeImage(store));
  opensImages(neighbors.element, store);
  return { element, title, place, previous, next, verdict, when, ten, evidence, course, neighbors, maps: createFeatureMaps(list), layers, pad };
}
