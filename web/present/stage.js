/** The stage of the presentation: an element for each kind of screen, made when it is first shown. */

import { addStyle, h, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { titleOfSet } from '../core/timeline.js';
import { card } from '../views/card.js';
import { summaryOf } from '../views/confusion.js';
import { historyOf } from '../views/error-history.js';
import * as happening from '../views/happening.js';
import { MEASURES, chartOf } from '../views/learning.js';
import { matrixOf } from '../views/matrix.js';
import { answerOf, imageOf } from '../views/mistakes.js';
import * as numbers from '../views/numbers.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @import {Store} from '../core/state-types.js' */
/** @import {Screen} from './screens.js' */
/** @typedef {{element: HTMLElement, draw: (screen: any) => void}} Part */

const STATIC = () => {};

/**
 * `show(screen)`; null: the screen is not known yet.
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function createStage(element, store) {
  /** @type {Map<string, Part>} */
  const made = new Map();

  function partOf(kind) {
    const known = made.get(kind);
    if (known) return known;
    const part = PARTS[kind](store, kind);
    part.element.classList.add('screen-part', `on-${kind}`);
    element.append(part.element);
    made.set(kind, part);
    return part;
  }

  return {
    /** @param {Screen | null} screen */
    show(screen) {
      const kind = screen === null || (screen.kind === 'matrix' && !screen.set) ? 'loading' : screen.kind;
      const part = partOf(kind);
      for (const other of made.values()) {
        if (other !== part && other.element.contains(document.activeElement)) element.closest('dialog')?.focus(); // it is going to be hidden
        other.element.hidden = other !== part;
      }
      part.draw(screen);
    },
  };
}

/** @type {Object<string, (store: Store, kind: string) => Part>} */
const PARTS = {
  loading: () => ({ element: h('p', { class: 'soft' }, 'Loading …'), draw: STATIC }),
  number: createNumber,
  loss: createChart,
  accuracy: createChart,
  matrix: createMatrix,
  digit: createDigit,
  pad: createPad,
};

/** Validation accuracy with its trend, and what is happening. */
function createNumber(store) {
  const [figures, sentences] = [h('dl'), h('div', { 'data-part': 'sentences' })];
  const element = h('section', {}, figures, h('div', { class: 'sentences' }, sentences));
  numbers.mount(figures, store);
  happening.mount(element, store);
  return { element, draw: STATIC };
}

/** A chart that is looked at: the arrow keys turn the screens. */
function createChart(store, kind) {
  return { element: chartOf(MEASURES.find(({ key }) => key === kind), store, true), draw: STATIC };
}

function createMatrix(store) {
  const [title, table] = [h('span', { class: 'soft' }), h('table')];
  const element = h('section', {}, h('h2', {}, 'Confusion matrix ', title), h('div', { class: 'confusion' }, table));
  addStyle(new URL('../views/mistakes.css', import.meta.url));
  let drawn = /** @type {AnswerSet | null} */ (null);
  return {
    element,
    draw({ set, note }) {
      setText(title, `${summaryOf(set)} ${note}`);
      if (set === drawn) return;
      drawn = set;
      const sets = store.state.predictions?.sets.filter(({ kind }) => kind === set.kind) ?? [];
      table.replaceChildren(...matrixOf(set, historyOf(sets), null));
    },
  };
}

function createDigit(store) {
  const [title, note, place] = [h('h2'), h('p', { class: 'soft' }), h('ul')];
  let drawn = /** @type {unknown[]} */ ([]);
  return {
    element: h('section', {}, title, place, note),
    draw({ name, set, note: remark, index }) {
      setText(title, name);
      setText(note, `${titleOfSet(set)}, image ${whole(index)}. ${remark}`);
      if (set === drawn[0] && index === drawn[1]) return;
      drawn = [set, index];
      place.replaceChildren(card(answerOf(set, index), imageOf(set, index, store.state)));
    },
  };
}

function createPad(store) {
  const element = h('section', {}, h('h2', {}, 'Try it'));
  import('../pad/pad.js').then(({ mount }) => mount(element, store));
  return { element, draw: STATIC };
}
