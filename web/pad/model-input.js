/** The 28x28 pixels that the network sees, and the steps that made them, each of which can be left out. */

import { h, setText } from '../core/dom.js';
import { capital } from '../core/format.js';
import { paint } from '../charts/raster.js';

const NOTHING = new Uint8Array(784);
const STEPS = {
  paper: ['Even out the paper', 'Light falls unevenly on a photographed page'],
  specks: ['Drop specks', 'Dirt would make the box larger than the digit'],
  box: ['Cut out the digit', "MNIST's digits fill a box of 20 by 20 pixels"],
  centre: ['Centre its mass', "MNIST's digits have their centre of mass in the middle"],
};

/** Fills `element`: `show(prepared)`, and `leftOut()` names the steps that are switched off. */
export function createSeen(element, changed) {
  const canvas = h('canvas', { width: 28, height: 28, role: 'img', 'aria-label': 'What the network sees, 28 by 28 pixels' });
  const facts = h('p', { class: 'soft' });
  const boxes = Object.entries(STEPS).map(([step, [label, title]]) => {
    const box = h('input', { type: 'checkbox', checked: true, value: step, onchange: changed });
    return { box, label: h('label', { title }, box, ` ${label}`) };
  });
  element.append(canvas, facts, h('fieldset', {}, h('legend', { class: 'unseen' }, 'Steps'), ...boxes.map(({ label }) => label)));
  return {
    leftOut: () => boxes.filter(({ box }) => !box.checked).map(({ box }) => box.value),
    show(prepared) {
      paint(canvas, prepared?.pixels ?? NOTHING, 28, 28);
      setText(facts, prepared?.parts ? factsOf(prepared) : '');
    },
  };
}

function factsOf({ inverted, shift: [right, down], parts }) {
  const moves = [[right, 'right', 'left'], [down, 'down', 'up']].filter(([by]) => by);
  const told = moves.map(([by, ahead, back]) => `${Math.abs(by)} ${by > 0 ? ahead : back}`);
  const words = [inverted ? 'dark on light, inverted' : 'light on dark'];
  if (told.length) words.push(`moved ${told.join(' and ')}`);
  if (parts > 1) words.push(`${parts} parts`);
  return capital(words.join(', '));
}
