/** The embedding: images of the set by the two principal components of the last hidden layer, mistakes circled. */

import { addStyle, h, isCommand, parts, setText } from '../core/dom.js';
import { counted, whole } from '../core/format.js';
import { nameOf, openImage } from '../core/images.js';
import { RESTING_MS, createAtRest } from '../core/redraw.js';
import { card } from './card.js';
import { opensImages } from './image-list.js';
import { answerOf, imageOf } from './mistakes.js';
import { nearestTo, pointsOf, reachOf, rowOf } from './plane.js';
import { followStar } from './star.js';

/** @import {Store} from '../core/state-types.js' */

const SIDE = 1000; // of the drawing
const MARGIN = 30;

/**
 * @param {HTMLElement} element
 * @param {Store} store
 */
export function mount(element, store) {
  addStyle(new URL('embedding.css', import.meta.url));
  const { note, plane, shown } = parts(element);
  const marks = h('g', { class: 'points' });
  const ring = h('circle', { class: 'chosen', r: 16, visibility: 'hidden' });
  const svg = h('svg', { viewBox: `0 0 ${SIDE} ${SIDE}`, tabindex: 0, role: 'img' }, marks, ring);
  plane.prepend(svg);
  let points = /** @type {ReturnType<typeof pointsOf>} */ ([]);
  let set = /** @type {any} */ (null);
  let chosen = -1;
  const find = () => {
    const { embedding, predictions, epoch, set: kind } = store.state;
    return embedding && predictions && rowOf(embedding, predictions.sets, kind, epoch);
  };

  function draw() {
    const [{ embedding }, found] = [store.state, find()];
    element.hidden = !found;
    if (!found || !embedding) return;
    set = found.set;
    points = pointsOf(found.row, set, reachOf(embedding), SIDE, MARGIN);
    chosen = -1;
    ring.setAttribute('visibility', 'hidden');
    shown.replaceChildren();
    marks.replaceChildren(...points.map(markOf));
    const wrong = points.filter(({ isWrong }) => isWrong).length;
    const when = set.kind === 'test' ? 'test images' : `validation images after epoch ${whole(set.epoch)}`;
    setText(note, `${whole(points.length)} ${when}, ${counted(wrong, 'mistake')} circled`);
    svg.ariaLabel = `Embedding of ${note.textContent}. The arrow keys go from mistake to mistake, Enter opens the image.`;
  }

  function choose(place) {
    if (place === chosen || !points[place]) return;
    chosen = place;
    const { x, y, index } = points[place];
    ring.setAttribute('cx', x);
    ring.setAttribute('cy', y);
    ring.setAttribute('visibility', 'visible');
    shown.replaceChildren(card(answerOf(set, index), imageOf(set, index, store.state), true));
  }

  const listed = () => points.map(({ index }) => nameOf(set.kind, index));
  const open = () => points[chosen] && openImage(store, nameOf(set.kind, points[chosen].index), listed());
  onPointer(svg, open, (x, y) => choose(nearestTo(points, x, y)));
  onKeys(svg, open, (step) => {
    const wrong = points.flatMap(({ isWrong }, place) => (isWrong ? [place] : []));
    const from = Math.max(wrong.indexOf(chosen), step > 0 ? -1 : 0); // from none to the first or last
    choose(wrong[(from + step + wrong.length) % (wrong.length || 1)]);
  });
  opensImages(shown, store, listed);
  const drawAtRest = createAtRest(RESTING_MS);
  let drawn = /** @type {unknown[]} */ ([]);
  store.on(['embedding', 'predictions', 'epoch', 'set'], ({ embedding, predictions, set: kind }) => {
    const inputs = [embedding, predictions, kind];
    const isOtherEpoch = inputs.every((input, index) => input === drawn[index]);
    drawn = inputs;
    drawAtRest(draw, isOtherEpoch);
  });
  followStar(element, svg, store, { side: SIDE, margin: MARGIN }, find);
}

/** The pointer calls `choose` with its place in the drawing, a click `open` after it. */
function onPointer(svg, open, choose) {
  const chooseAt = ({ clientX, clientY }) => {
    const { left, top, width } = svg.getBoundingClientRect();
    choose(((clientX - left) * SIDE) / width, ((clientY - top) * SIDE) / width);
  };
  svg.addEventListener('pointermove', chooseAt);
  svg.addEventListener('click', (event) => {
    chooseAt(event);
    open();
  });
}

/** Enter calls `open`, an arrow key `move(±1)`. */
function onKeys(svg, open, move) {
  svg.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (isCommand(event) || (!step && event.key !== 'Enter')) return;
    event.preventDefault();
    if (step) move(step);
    else open();
  });
}

/** The true digit as a mark, in its color; a circle around a mistake. */
function markOf({ x, y, label, isWrong }) {
  const mark = h('text', { x, y: y + 8, class: `digit-${label}` }, String(label));
  return isWrong ? h('g', {}, h('circle', { class: 'wrong', cx: x, cy: y, r: 16 }), mark) : mark;
}
