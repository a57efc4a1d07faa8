/** Gestures on a chart: pointing, dragging, pinching and keys move the cursor and the zoom that all charts share. */

import { isCommand } from '../core/dom.js';
import { nearest } from './series.js';
import { clampView, zoomAround } from './range.js';

/** @import {Curves} from '../core/types.js' */
/** @import {Store} from '../core/state-types.js' */

const DRAG_PX = 6; // less is a click
const ZOOM_IN = 0.6;

const fullOf = (store) => store.state.curves.full;
const viewOf = (store) => store.state.zoom ?? fullOf(store);
const within = ([low, high], x) => Math.min(high, Math.max(low, x));

/**
 * `plot()` is the chart's current plot, `select(range)` highlights a range; null: none.
 * @param {HTMLCanvasElement} canvas
 * @param {Store} store
 * @param {{plot: () => any, select: (range: number[] | null) => void}} chart
 */
export function listen(canvas, store, { plot, select }) {
  const pointers = new Map(); // id -> x in pixels
  let start = null; // x in pixels where a drag with the mouse began

  const valueAt = (pixel) => within(viewOf(store), plot().x.invert((pixel * plot().size.width) / canvas.clientWidth));
  const isDrag = ({ offsetX, pointerId }) => start !== null && pointers.has(pointerId) && Math.abs(offsetX - start) >= DRAG_PX;
  const rangeTo = ({ offsetX }) => [valueAt(start), valueAt(offsetX)].sort((a, b) => a - b);

  /** Two fingers: the value under the one that rests keeps its place. */
  function pinch({ pointerId, offsetX }) {
    const [[, resting]] = [...pointers].filter(([id]) => id !== pointerId);
    const before = Math.abs(pointers.get(pointerId) - resting);
    const after = Math.max(1, Math.abs(offsetX - resting));
    store.set({ zoom: zoomAround(viewOf(store), fullOf(store), valueAt(resting), before / after), cursor: null });
  }

  function release(event) {
    if (event) pointers.delete(event.pointerId);
    start = null;
    select(null);
  }

  const handlers = {
    pointerdown(event) {
      if (!plot() || event.button) return;
      pointers.set(event.pointerId, event.offsetX);
      canvas.setPointerCapture(event.pointerId);
      if (event.pointerType === 'mouse') start = event.offsetX;
      store.set({ cursor: valueAt(event.offsetX) });
    },
    pointermove(event) {
      if (!plot()) return;
      if (pointers.size === 2 && pointers.has(event.pointerId)) pinch(event);
      else store.set({ cursor: valueAt(event.offsetX) });
      if (isDrag(event)) select(rangeTo(event));
      if (pointers.has(event.pointerId)) pointers.set(event.pointerId, event.offsetX);
    },
    pointerup(event) {
      if (isDrag(event)) store.set({ zoom: clampView(rangeTo(event), fullOf(store)) });
      release(event);
    },
    pointercancel: release,
    pointerleave({ pointerType }) {
      if (pointerType === 'mouse' && start === null) store.set({ cursor: null });
    },
    dblclick: () => store.set({ zoom: null }),
    blur: () => store.set({ cursor: null }),
  };
  for (const type of Object.keys(handlers)) canvas.addEventListener(type, handlers[type]);
  const escape = () => (start === null ? store.set({ zoom: null, cursor: null }) : release());
  listenToKeys(canvas, store, () => plot() !== null, escape);
}

function listenToKeys(canvas, store, isDrawn, escape) {
  const actions = {
    ArrowLeft: ({ shiftKey }) => step(store, -1, shiftKey),
    ArrowRight: ({ shiftKey }) => step(store, 1, shiftKey),
    Home: () => store.set({ cursor: viewOf(store)[0] }),
    End: () => store.set({ cursor: viewOf(store)[1] }),
    '+': () => zoomBy(store, ZOOM_IN),
    '-': () => zoomBy(store, 1 / ZOOM_IN),
    Escape: escape,
  };
  canvas.addEventListener('keydown', (event) => {
    const act = isDrawn() && !isCommand(event) && actions[event.key];
    if (!act) return;
    if (event.key !== 'Escape' || store.state.zoom) event.preventDefault(); // else it restores an enlarged chart
    act(event);
  });
}

/** Moves the cursor to the next batch or epoch. */
function step(store, direction, byEpoch) {
  const { curves, cursor } = store.state;
  const values = byEpoch || !curves.batchX.length ? curves.epochX : curves.batchX;
  const index = nearest(values, cursor ?? viewOf(store)[1]);
  if (index < 0) return;
  const next = within([0, values.length - 1], cursor === null ? index : index + direction);
  store.set({ cursor: within(viewOf(store), values[next]) });
}

function zoomBy(store, factor) {
  const [low, high] = viewOf(store);
  store.set({ zoom: zoomAround([low, high], fullOf(store), store.state.cursor ?? (low + high) / 2, factor) });
}
