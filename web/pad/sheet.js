/** The sheet to draw on, with mouse, finger, pen or keys. */

import { h } from '../core/dom.js';
import { colorsIn, onColors } from '../core/theme.js';

export const SIDE = 280; // pixels of the canvas, whatever its size on the screen
const MIDDLE = [SIDE / 2, SIDE / 2];
const LOOKED_AT = 140; // pixels of the picture that is made of it: enough for 28, and four times as quick
const PEN = 20; // wide: a tenth of a digit's height, as in MNIST
const STEP = 8; // pixels that an arrow key moves the pen, four times as many with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Draws `drawing` on `canvas`, and lets a person change it; `changed(isDone)` is called as that happens. */
export function createSheet(canvas, drawing, changed) {
  const context = canvas.getContext('2d');
  const small = h('canvas', { width: LOOKED_AT, height: LOOKED_AT }).getContext('2d', { willReadFrequently: true });
  small.scale(LOOKED_AT / SIDE, LOOKED_AT / SIDE);
  let pen = null; // where the keyboard's pen is
  let pointer = null; // the id of the one that draws

  function draw() {
    paint(context);
    if (!pen) return;
    context.beginPath();
    context.arc(...pen, PEN / 2 + 2, 0, 2 * Math.PI);
    context.strokeStyle = colorsIn(canvas.parentElement, ['accent']).accent;
    context.lineWidth = drawing.isPenDown ? 5 : 2;
    context.stroke();
  }

  function paint(on) {
    on.clearRect(0, 0, SIDE, SIDE);
    const { picture, strokes } = drawing;
    if (picture) place(on, picture);
    on.lineCap = on.lineJoin = 'round';
    on.lineWidth = PEN;
    on.strokeStyle = picture ? picture.ink : colorsIn(canvas.parentElement, ['ink']).ink;
    for (const stroke of strokes) {
      on.beginPath();
      on.moveTo(...stroke[0]);
      for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) on.lineTo(...point);
      on.stroke();
    }
  }

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (!event.isPrimary || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    pen = null;
    drawing.begin(at(event));
    update(false);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerId !== pointer) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const one of between.length ? between : [event]) drawing.extend(at(one));
    update(false);
  });
  for (const name of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      drawing.end();
      update(true);
    });
  }
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !press(event.key, event.shiftKey)) return;
    event.preventDefault();
    update(true);
  });
  canvas.addEventListener('blur', () => {
    if (pen) drawing.end();
    pen = null;
    draw();
  });

  /** Whether the key means something here. */
  function press(key, isFar) {
    if (key === 'Backspace') drawing.undo();
    else if (key === 'Escape' || key === 'Delete') drawing.clear();
    else if (key === ' ' || key === 'Enter') setDown();
    else if (ARROWS[key]) move(ARROWS[key], isFar ? 4 * STEP : STEP);
    else return false;
    return true;
  }

  function setDown() {
    pen ??= MIDDLE;
    if (drawing.isPenDown) drawing.end();
    else drawing.begin(pen);
  }

  function move([right, down], far) {
    const [x, y] = pen ?? MIDDLE;
    const inside = (place) => Math.min(SIDE, Math.max(0, place));
    pen = [inside(x + right * far), inside(y + down * far)];
    drawing.extend(pen);
  }

  function update(isDone) {
    draw();
    changed(isDone);
  }

  onColors(draw);
  draw();
  return {
    draw,
    /** What is drawn as a picture, {width, height, data}: without strokes the picture itself, in its own size. */
    image() {
      if (drawing.picture && !drawing.strokes.length) return drawing.picture.image;
      paint(small);
      return small.getImageData(0, 0, LOOKED_AT, LOOKED_AT);
    },
  };
}

/** As large as fits, in the middle. */
function place(context, { bitmap }) {
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.imageSmoothingEnabled = scale < 4; // few pixels are shown as pixels
  context.drawImage(bitmap, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
}
