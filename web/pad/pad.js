/** The pad: draw a digit, see what the network sees, what it says, and what every layer makes of it. */

import { addStyle, button, h, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { folderOf } from '../core/api.js';
import { want } from '../core/artifacts.js';
import { createBars } from './bars.js';
import { createDrawing } from './drawing.js';
import { createAlbum, pictureOf, receive } from './incoming.js';
import { createKept } from './saved-drawings.js';
import { follow } from './loader.js';
import { createMaps } from './maps.js';
import { prepare } from './prepare.js';
import { createSeen } from './model-input.js';
import { SIDE, createSheet } from './sheet.js';
import { judge } from './verdict.js';

const KEYS = 'Sheet to draw on. Arrow keys move the pen, Space sets it down or lifts it, Backspace takes a step back, Escape clears.';

export async function mount(element, store) {
  const built = markup();
  let network = null;
  let prepared = null;
  let answer = null; // the network's, to what is drawn
  let waiting = false; // for the next frame
  let testImage = null; // the index of the test image on the sheet
  await addStyle(new URL('pad.css', import.meta.url));
  element.append(built.root);
  const drawing = createDrawing();
  const album = createAlbum();
  const sheet = createSheet(built.canvas, drawing, changed);
  const seen = createSeen(built.seen, () => changed(true));
  const tell = createBars(built.bars);
  const showMaps = createMaps(built.maps);
  const kept = createKept(built.kept, () => changed(true));

  built.undo.onclick = () => edit(() => drawing.undo());
  built.clear.onclick = () => edit(() => drawing.clear());
  built.random.onclick = randomDigit;
  built.layers.ontoggle = drawMaps;
  built.keep.onclick = () => kept.add(prepared);
  receive(built.canvas, built.file, (file) => take(pictureOf(file), file.name || 'The picture'));
  look(true);
  follow(store, (next) => {
    network = next;
    setText(built.which, next ? `The network after epoch ${whole(next.plan.epoch)} reads it.` : 'The network of this run can’t be computed here.');
    kept.learn(next);
    changed(true);
  });

  store.on(['predictions'], tellLabel);

  function edit(change) {
    change();
    testImage = null;
    setText(built.note, '');
    sheet.draw();
    changed(true);
  }

  /** At most once a frame: a pen tells more often where it is. */
  function changed(isDone) {
    if (isDone) return look(true);
    if (waiting) return undefined;
    waiting = true;
    return requestAnimationFrame(() => {
      waiting = false;
      look(false);
    });
  }

  function look(isDone) {
    prepared = drawing.isBlank ? null : prepare(sheet.image(), seen.leftOut());
    if (drawing.picture && prepared) drawing.picture.ink = prepared.inverted ? '#111' : '#fff';
    seen.show(prepared);
    answer = network && prepared ? network.read(prepared.pixels) : null;
    tell(answer && judge(prepared, answer.logits, network.plan), isDone);
    built.layers.hidden = !answer;
    drawMaps();
    built.undo.disabled = !drawing.canUndo;
    built.clear.disabled = drawing.isBlank;
    built.keep.disabled = !answer || kept.isFull();
  }

  /** Only where somebody sees them: they are many. */
  function drawMaps() {
    if (answer && built.layers.open) showMaps(answer.maps);
  }

  async function take(promise, name, index = null) {
    try {
      const picture = await promise;
      edit(() => drawing.put({ ...picture, ink: '#fff' }));
      testImage = index;
      tellLabel(store.state);
    } catch {
      setText(built.note, `${name} is no picture that this browser can read.`);
    }
  }

  async function randomDigit() {
    const { shown, log } = store.state;
    const index = Math.floor(Math.random() * (log.dataset?.test || 1));
    want(store, 'predictions'); // the labels are there
    await take(album(`${folderOf(shown)}test.png?run=${log.runId}`, index), 'The test set', index);
  }

  function tellLabel({ predictions }) {
    if (testImage === null) return;
    const label = predictions?.sets.find(({ kind }) => kind === 'test')?.labels[testImage];
    setText(built.note, `Test image ${whole(testImage)}${label === undefined ? '' : `, label ${label}`}`);
  }
}

function markup() {
  const canvas = h('canvas', { width: SIDE, height: SIDE, tabindex: '0', role: 'application', 'aria-label': KEYS });
  const file = h('input', { type: 'file', accept: 'image/*', class: 'unseen', tabindex: '-1', 'aria-hidden': 'true' });
  const [which, note] = [h('span', { class: 'soft' }), h('p', { class: 'soft', role: 'status' })];
  const [undo, clear, keep, random] = ['Undo', 'Clear', 'Keep', 'Random test digit'].map((label) => button(label));
  const choose = button('Open a picture', () => file.click());
  const [seen, bars, maps, kept] = ['seen', 'verdict', 'layers', 'kept'].map((name) => h('div', { class: name }));
  const layers = h('details', { open: true, hidden: true }, h('summary', {}, 'What every layer makes of it'), maps);
  const root = h(
    'div', { class: 'pad' },
    h('p', {}, h('span', { class: 'screen' }, 'Draw a digit with mouse, finger, pen or keys; or drop or paste a picture of one. '), which),
    h(
      'div', { class: 'desk' },
      h('div', { class: 'sheet' }, canvas, h('div', { class: 'picks' }, undo, clear, keep, choose, random, file), note),
      h('div', {}, h('h3', {}, 'What the network sees'), seen),
      h('div', { class: 'says' }, h('h3', {}, 'What it says'), bars),
    ),
    kept,
    layers,
  );
  kept.append(h('h3', {}, 'Your digits being learned ', h('span', { class: 'soft' }, 'a column for each epoch, a row for each digit')));
  return { root, canvas, file, which, note, undo, clear, keep, random, seen, bars, maps, kept, layers };
}
