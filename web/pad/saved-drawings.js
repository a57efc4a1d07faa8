/** Up to eight drawings that are kept, and how the network came to read them, epoch by epoch. */

import { h, remember, remembered } from '../core/dom.js';
import { raster } from '../charts/raster.js';
import { colorsIn, onColors } from '../core/theme.js';
import { createNetwork } from './network.js';
import { storyOf } from './story.js';
import { judge, softmax } from './verdict.js';

const KEY = 'drawings';
const MOST = 8;
const [CELL_WIDTH, CELL_HEIGHT] = [12, 9]; // pixels of one probability
const SIZE = 784;

/** Fills `element`. `add(prepared)` keeps a drawing as prepare.js gives it, `learn(network)` asks another network; `changed()` after each change. */
export function createKept(element, changed) {
  let drawings = stored().map(fresh);
  let network = null;
  let turn = 0;
  const list = h('ol');
  element.append(list);
  onColors(render);
  render();

  function add(prepared) {
    if (drawings.length >= MOST) return;
    drawings = [...drawings, fresh(prepared)];
    save();
    ask();
  }

  function remove(drawing) {
    drawings = drawings.filter((one) => one !== drawing);
    save();
  }

  function save() {
    remember(KEY, JSON.stringify(drawings.map(({ pixels, parts }) => ({ pixels: Array.from(pixels), parts }))));
    render();
    changed();
  }

  function learn(next) {
    if (next?.plan.runId !== network?.plan.runId) drawings = drawings.map(fresh);
    network = next;
    ask();
  }

  /** Every epoch that is known, one after the other, so that the page can be used meanwhile. */
  async function ask() {
    const mine = (turn += 1);
    if (network) drawings.forEach(judgeNow);
    render();
    if (!network || !drawings.length) return;
    const { plan, epochs } = network;
    const missing = plan.epochs.filter((epoch) => drawings.some(({ course }) => !course.has(epoch)));
    const kept = missing.length ? await epochs().catch(() => null) : null;
    for (const epoch of missing) {
      await new Promise((resolve) => { setTimeout(resolve); });
      if (mine !== turn) return;
      const temperature = plan.temperatures[plan.epochs.indexOf(epoch)] ?? null;
      if (kept?.has(epoch)) answer(createNetwork(plan, kept.get(epoch)()), epoch, temperature);
    }
    render();
  }

  /** With the same verdict as on the sheet: both come from judge. */
  function judgeNow(drawing) {
    drawing.verdict = judge(drawing, network.read(drawing.pixels).logits, network.plan);
    drawing.course.set(network.plan.epoch, drawing.verdict.probabilities);
  }

  function answer(read, epoch, temperature) {
    for (const { pixels, course } of drawings) {
      if (!course.has(epoch)) course.set(epoch, softmax(read(pixels).logits, temperature));
    }
  }

  function render() {
    element.hidden = !drawings.length;
    const colours = colorsIn(element.parentElement, ['accent', 'line']);
    list.replaceChildren(...drawings.map((drawing) => cardOf(drawing, colours, () => remove(drawing))));
  }

  return { add, learn, isFull: () => drawings.length >= MOST };
}

/** `course`: epoch -> ten probabilities; `verdict`: of the present network. */
const fresh = ({ pixels, parts }) => ({ pixels, parts, course: new Map(), verdict: null });

function stored() {
  try {
    const given = JSON.parse(remembered(KEY) ?? '[]');
    const drawings = given.map((one) => (Array.isArray(one) ? { pixels: one, parts: 1 } : one)); // a list of pixels until 0.2.0
    const isWhole = ({ pixels, parts }) => pixels.length === SIZE && pixels.every(Number.isFinite) && Number.isInteger(parts);
    return drawings.filter(isWhole).slice(0, MOST).map(({ pixels, parts }) => ({ pixels: Uint8Array.from(pixels), parts }));
  } catch {
    return [];
  }
}

function cardOf({ pixels, course, verdict }, colours, remove) {
  const epochs = [...course.keys()].sort((a, b) => a - b);
  const story = storyOf(epochs, course, verdict);
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
