/** The sheet: a canvas to draw on with mouse, finger, pen or keys. */

import { h, isCommand } from '../core/dom.js';
import { colorsIn, onColors } from '../core/theme.js';

/** @import {Point} from './drawing.js' */

export const SIDE = 280; // pixels of the canvas, regardless of its size on the screen
const READ_SIDE = 140; // pixels of the image that is read back: enough for 28, at a quarter of the cost
export const PEN_WIDTH = 20; // relative to a digit's height as in MNIST
const STEP = 8; // pixels per arrow key, four times as many with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Shows `drawing` on `canvas` and edits it with a pen of `penWidth()`; `changed(isDone)` is called during each edit and at
 * its end.
 */
export function createSheet(canvas, drawing, penWidth, changed) {
  const context = canvas.getContext('2d');
  const small = h('canvas', { width: READ_SIDE, height: READ_SIDE }).getContext('2d', { willReadFrequently: true });
  small.scale(READ_SIDE / SIDE, READ_SIDE / SIDE);
  const pen = createKeyboardPen(drawing, penWidth);
  const inkColor = () => drawing.picture?.ink ?? colorsIn(canvas.parentElement, ['ink']).ink;

  function draw() {
    paint(context, drawing, inkColor());
    if (pen.position) paintPen(context, pen.position, colorsIn(canvas.parentElement, ['accent']).accent, drawing.isPenDown);
  }
  const update = (isDone) => {
    draw();
    changed(isDone);
  };

  listenToPointer(canvas, drawing, penWidth, pen, update);
  canvas.addEventListener('keydown', (event) => {
    if (isCommand(event) || !pen.press(event.key, event.shiftKey)) return;
    event.preventDefault();
    update(true);
  });
  canvas.addEventListener('blur', () => {
    if (pen.position) drawing.end();
    pen.remove();
    draw();
  });
  onColors(draw);
  draw();
  return {
    draw,
    /** The drawing as an image; a picture without strokes keeps its own resolution. */
    image() {
      if (drawing.picture && !drawing.strokes.length) return drawing.picture.image;
      paint(small, drawing, inkColor());
      return small.getImageData(0, 0, READ_SIDE, READ_SIDE);
    },
  };
}

/** Edits by keys. `position` is null until the first use; `press(key, isFar)`: whether the key has a meaning. */
function createKeyboardPen(drawing, penWidth) {
  /** @type {Point | null} */
  let position = null;
  const inside = (place) => Math.min(SIDE, Math.max(0, place));

  function toggle() {
    position ??= [SIDE / 2, SIDE / 2];
    if (drawing.isPenDown) drawing.end();
    else drawing.begin(position, penWidth());
  }

  function move([right, down], far) {
    const [x, y] = position ?? [SIDE / 2, SIDE / 2];
    position = [inside(x + right * far), inside(y + down * far)];
    drawing.extend(position);
  }

  return {
    get position() { return position; },
    remove() { position = null; },
    press(key, isFar) {
      if (key === 'Backspace') drawing.undo();
      else if (key === 'Escape' || key === 'Delete') drawing.clear();
      else if (key === ' ' || key === 'Enter') toggle();
      else if (ARROWS[key]) move(ARROWS[key], isFar ? 4 * STEP : STEP);
      else return false;
      return true;
    },
  };
}

function listenToPointer(canvas, drawing, penWidth, pen, update) {
  let pointer = null; // id of the pointer that draws
  const pointOf = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [((clientX - box.left) * SIDE) / box.width, ((clientY - box.top) * SIDE) / box.height];
  };
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    drawing.end();
    update(true);
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (!event.isPrimary || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    pen.remove();
    drawing.begin(pointOf(event), penWidth());
    update(false);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const one of coalesced.length ? coalesced : [event]) drawing.extend(pointOf(one));
    update(false);
  });
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
}

function paint(context, { picture, strokes }, color) {
  context.clearRect(0, 0, SIDE, SIDE);
  if (picture) paintPicture(context, picture);
  context.lineCap = context.lineJoin = 'round';
  context.strokeStyle = color;
  for (const { width, points } of strokes) {
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points.length > 1 ? points.slice(1) : points) context.lineTo(...point);
    context.stroke();
  }
}

/** As large as fits, centered. */
function paintPicture(context, { bitmap }) {
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.imageSmoothingEnabled = scale < 4; // the pixels of a small picture stay visible
  context.drawImage(bitmap, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
}

function paintPen(context, [x, y], color, isDown) {
  context.beginPath();
  context.arc(x, y, PEN_WIDTH / 2 + 2, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.lineWidth = isDown ? 5 : 2;
  context.stroke();
}
