/** Up to eight drawings that are kept, and how the network came to read them, epoch by epoch. */

import { h, remember, remembered } from '../dom.js';
import { likelihood, whole } from '../format.js';
import { raster } from '../raster.js';
import { coloursIn, onColours } from '../theme.js';
import { createNetwork } from './network.js';
import { softmax } from './verdict.js';

const KEY = 'drawings';
const MOST = 8;
const [CELL_WIDTH, CELL_HEIGHT] = [12, 9]; // pixels of one probability
const SIZE = 784;

/** Fills `element`. `add(pixels)` keeps a drawing, `learn(network)` asks another network; `changed()` after each change. */
export function createKept(element, changed) {
  let drawings = stored().map(fresh);
  let network = null;
  let turn = 0;
  const list = h('ol');
  element.append(list);
  onColours(render);
  render();

  function add(pixels) {
    if (drawings.length >= MOST) return;
    drawings = [...drawings, fresh(pixels)];
    save();
    ask();
  }

  function remove(drawing) {
    drawings = drawings.filter((one) => one !== drawing);
    save();
  }

  function save() {
    remember(KEY, JSON.stringify(drawings.map(({ pixels }) => Array.from(pixels))));
    render();
    changed();
  }

  function learn(next) {
    if (next?.plan.runId !== network?.plan.runId) drawings = drawings.map(({ pixels }) => fresh(pixels));
    network = next;
    ask();
  }

  /** Every epoch that is known, one after the other, so that the page can be used meanwhile. */
  async function ask() {
    const mine = (turn += 1);
    render();
    if (!network || !drawings.length) return;
    const { plan, read, epochs } = network;
    answer(read, plan.epoch, plan.temperature, true);
    const missing = plan.epochs.filter((epoch) => drawings.some(({ course }) => !course.has(epoch)));
    const kept = missing.length ? await epochs().catch(() => null) : null;
    for (const epoch of missing) {
      await new Promise((resolve) => { setTimeout(resolve); });
      if (mine !== turn) return;
      const temperature = plan.temperatures[plan.epochs.indexOf(epoch)] ?? null;
      if (kept?.has(epoch)) answer(createNetwork(plan, kept.get(epoch)()), epoch, temperature, false);
    }
    render();
  }

  function answer(read, epoch, temperature, again) {
    for (const { pixels, course } of drawings) {
      if (again || !course.has(epoch)) course.set(epoch, softmax(read(pixels).logits, temperature));
    }
  }

  function render() {
    element.hidden = !drawings.length;
    const colours = coloursIn(element.parentElement, ['accent', 'line']);
    list.replaceChildren(...drawings.map((drawing) => cardOf(drawing, network?.plan, colours, () => remove(drawing))));
  }

  return { add, learn, isFull: () => drawings.length >= MOST };
}

const fresh = (pixels) => ({ pixels, course: new Map() }); // course: epoch -> ten probabilities

function stored() {
  try {
    const given = JSON.parse(remembered(KEY) ?? '[]');
    return given.filter((pixels) => pixels.length === SIZE && pixels.every(Number.isFinite)).slice(0, MOST).map((pixels) => Uint8Array.from(pixels));
  } catch {
    return [];
  }
}

function cardOf({ pixels, course }, plan, colours, remove) {
  const epochs = [...course.keys()].sort((a, b) => a - b);
  const story = storyOf(epochs, course, !plan || plan.temperature !== null);
  return h(
    'li', {},
    raster(pixels, 28, 28, { class: 'digit', 'aria-hidden': 'true' }),
    courseOf(epochs.map((epoch) => course.get(epoch)), colours, story),
    h('p', {}, story),
    h('button', { type: 'button', 'aria-label': 'Forget this drawing', onclick: remove }, '×'),
  );
}

/** A column for each epoch, a row for each digit: the fuller the colour, the likelier. */
function courseOf(columns, colours, label) {
  const [width, height] = [Math.max(1, columns.length) * CELL_WIDTH, 10 * CELL_HEIGHT];
  const canvas = h('canvas', { width: 2 * width, height: 2 * height, role: 'img', 'aria-label': label });
  canvas.style.aspectRatio = `${width} / ${height}`;
  const context = canvas.getContext('2d');
  context.scale(2, 2);
  columns.forEach((probabilities, column) => probabilities.forEach((share, digit) => {
    const cell = [column * CELL_WIDTH, digit * CELL_HEIGHT, CELL_WIDTH - 1, CELL_HEIGHT - 1];
    context.globalAlpha = 1;
    context.fillStyle = colours.line;
    context.fillRect(...cell);
    context.globalAlpha = share;
    context.fillStyle = colours.accent;
    context.fillRect(...cell);
  }));
  const digits = h('span', { class: 'scale', 'aria-hidden': 'true' }, ...Array.from({ length: 10 }, (_, digit) => h('i', {}, digit)));
  return h('div', { class: 'course-of' }, digits, canvas);
}

/** "7 since epoch 3, now 99.1 %; before: 1, 2" */
function storyOf(epochs, course, isCalibrated) {
  if (!epochs.length) return 'Not read yet';
  const said = epochs.map((epoch) => course.get(epoch).indexOf(Math.max(...course.get(epoch))));
  const last = said.at(-1);
  const since = said.findLastIndex((digit) => digit !== last) + 1;
  const before = [...new Set(said.slice(0, since))].filter((digit) => digit !== last);
  const when = since ? `since epoch ${whole(epochs[since])}` : 'from the beginning';
  const now = likelihood(course.get(epochs.at(-1))[last], isCalibrated);
  return `${last} ${when}, now ${now}${before.length ? `; before also ${before.join(', ')}` : ''}`;
}
