/** Pointing, dragging, pinching and keys on a chart become a cursor and a zoom, shared by all charts. */

import { clampView, zoomAround } from './range.js';
import { nearest } from '../core/series.js';

const DRAG = 6; // px that tell a drag from a click
const IN = 0.6;

export function listen(canvas, store, { plot, select }) {
  const pointers = new Map(); // id -> the x in pixels where it is
  let from = null; // where a drag with the mouse began

  const full = () => store.state.curves.full;
  const view = () => store.state.zoom ?? full();
  const inside = (x) => Math.min(view()[1], Math.max(view()[0], x));
  const valueAt = (pixel) => inside(plot().x.invert(pixel));

  const on = (type, call) => canvas.addEventListener(type, call);

  on('pointerdown', (event) => {
    if (!plot() || event.button) return;
    pointers.set(event.pointerId, event.offsetX);
    canvas.setPointerCapture(event.pointerId);
    if (event.pointerType === 'mouse') from = event.offsetX;
    store.set({ cursor: valueAt(event.offsetX) });
  });

  on('pointermove', (event) => {
    if (!plot()) return;
    if (pointers.size === 2 && pointers.has(event.pointerId)) pinch(event);
    else {
      store.set({ cursor: valueAt(event.offsetX) });
      if (isDrag(event)) select([valueAt(from), valueAt(event.offsetX)].sort((a, b) => a - b));
    }
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, event.offsetX);
  });

  on('pointerup', (event) => {
    if (isDrag(event)) store.set({ zoom: clampView([valueAt(from), valueAt(event.offsetX)], full()) });
    release(event);
  });
  on('pointercancel', release);
  on('pointerleave', (event) => {
    if (event.pointerType === 'mouse' && from === null) store.set({ cursor: null });
  });
  on('dblclick', () => store.set({ zoom: null }));
  on('blur', () => store.set({ cursor: null }));
  on('keydown', (event) => {
    const act = plot() && !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });

  const keys = {
    ArrowLeft: (event) => step(-1, event.shiftKey),
    ArrowRight: (event) => step(1, event.shiftKey),
    Home: () => store.set({ cursor: view()[0] }),
    End: () => store.set({ cursor: view()[1] }),
    '+': () => zoomBy(IN),
    '-': () => zoomBy(1 / IN),
    Escape: () => (from === null ? store.set({ zoom: null, cursor: null }) : release()),
  };

  function step(way, byEpoch) {
    const { curves, cursor } = store.state;
    const places = byEpoch || !curves.batchX.length ? curves.epochX : curves.batchX;
    const index = nearest(places, cursor ?? view()[1]);
    if (index < 0) return;
    const next = cursor === null ? index : index + way;
    store.set({ cursor: inside(places[Math.min(places.length - 1, Math.max(0, next))]) });
  }

  function zoomBy(factor) {
    const [low, high] = view();
    store.set({ zoom: zoomAround([low, high], full(), store.state.cursor ?? (low + high) / 2, factor) });
  }

  /** Two fingers: the place under the one that rests stays where it is. */
  function pinch(event) {
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    const before = Math.abs(pointers.get(event.pointerId) - other);
    const after = Math.max(1, Math.abs(event.offsetX - other));
    store.set({ zoom: zoomAround(view(), full(), valueAt(other), before / after), cursor: null });
  }

  function isDrag({ offsetX, pointerId }) {
    return from !== null && pointers.has(pointerId) && Math.abs(offsetX - from) >= DRAG;
  }

  function release(event) {
    if (event) pointers.delete(event.pointerId);
    from = null;
    select(null);
  }
}
