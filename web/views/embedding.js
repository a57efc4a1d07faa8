/** The embedding: images of the set by the two principal components of the last hidden layer, mistakes circled. */

import { addStyle, h, parts, setText } from '../core/dom.js';
import { counted, whole } from '../core/format.js';
import { card } from './card.js';
import { answerOf, imageOf } from './mistakes.js';
import { nearestTo, pointsOf, reachOf, rowOf } from './plane.js';

/** @import {Store} from '../core/store.js' */

const SIDE = 1000; // of the drawing
const MARGIN = 30;

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function mount(element, store) {
  addStyle(new URL('embedding.css', import.meta.url));
  const { note, plane, shown } = parts(element);
  const [marks, ring] = [h('g', { class: 'points' }), h('circle', { class: 'chosen', r: 16, visibility: 'hidden' })];
  const svg = h('svg', { viewBox: `0 0 ${SIDE} ${SIDE}`, tabindex: 0, role: 'img' }, marks, ring);
  plane.prepend(svg);
  let points = /** @type {ReturnType<typeof pointsOf>} */ ([]);
  let set = /** @type {any} */ (null);
  let chosen = -1;

  function draw() {
    const { embedding, predictions, epoch, set: kind } = store.state;
    const found = embedding && predictions && rowOf(embedding, predictions.sets, kind, epoch);
    element.hidden = !found;
    if (!found) return;
    set = found.set;
    points = pointsOf(found.row, set, reachOf(embedding), SIDE, MARGIN);
    chosen = -1;
    ring.setAttribute('visibility', 'hidden');
    shown.replaceChildren();
    marks.replaceChildren(...points.map(markOf));
    const wrong = points.filter(({ isWrong }) => isWrong).length;
    const when = set.kind === 'test' ? 'test images' : `validation images after epoch ${whole(set.epoch)}`;
    setText(note, `${whole(points.length)} ${when}, ${counted(wrong, 'mistake')} circled`);
    svg.ariaLabel = `Embedding of ${note.textContent}. The arrow keys go from mistake to mistake.`;
  }

  function choose(place) {
    if (place === chosen || !points[place]) return;
    chosen = place;
    const { x, y, index } = points[place];
    ring.setAttribute('cx', x);
    ring.setAttribute('cy', y);
    ring.setAttribute('visibility', 'visible');
    shown.replaceChildren(card(answerOf(set, index), imageOf(set, index, store.state)));
  }

  svg.addEventListener('pointermove', (event) => {
    const { left, top, width } = svg.getBoundingClientRect();
    choose(nearestTo(points, ((event.clientX - left) * SIDE) / width, ((event.clientY - top) * SIDE) / width));
  });
  svg.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const wrong = points.flatMap(({ isWrong }, place) => (isWrong ? [place] : []));
    const next = (wrong.indexOf(chosen) + step + wrong.length) % (wrong.length || 1);
    choose(wrong[next]);
  });
  store.on(['embedding', 'predictions', 'epoch', 'set'], draw);
}

/** The true digit as a mark, in its color; a circle around a mistake. */
function markOf({ x, y, label, isWrong }) {
  const mark = h('text', { x, y: y + 8, class: `digit-${label}` }, String(label));
  return isWrong ? h('g', {}, h('circle', { class: 'wrong', cx: x, cy: y, r: 16 }), mark) : mark;
}
