/** The model input: 28x28 pixels, and the preprocessing steps, each of which can be skipped. */

import { paint } from '../charts/raster.js';
import { h, setText } from '../core/dom.js';
import { capital } from '../core/format.js';

const NOTHING = new Uint8Array(784);
const STEPS = {
  paper: ['Even out the background', 'Light is uneven on a photographed page'],
  specks: ['Remove specks', 'Dirt would make the box larger than the digit'],
  box: ['Crop to the digit', "MNIST's digits fill a box of 20 by 20 pixels"],
  stroke: ['Widen thin strokes', 'A thin line would be a faint gray at 28 by 28 pixels'],
  center: ['Center by mass', "MNIST's digits have their center of mass at the center"],
};

/** Fills `element`: `show(prepared)`, and `leftOut()`, the names of the skipped steps. */
export function createModelInput(element, changed) {
  const canvas = h('canvas', { width: 28, height: 28, role: 'img', 'aria-label': 'Model input, 28 by 28 pixels' });
  const facts = h('p', { class: 'soft' });
  const boxes = Object.entries(STEPS).map(([step, [label, title]]) => {
    const box = h('input', { type: 'checkbox', checked: true, value: step, onchange: changed });
    return { box, label: h('label', { title }, box, ` ${label}`) };
  });
  element.append(canvas, facts, h('fieldset', {}, h('legend', { class: 'unseen' }, 'Preprocessing steps'), ...boxes.map(({ label }) => label)));
  return {
    leftOut: () => boxes.filter(({ box }) => !box.checked).map(({ box }) => box.value),
    show(prepared) {
      paint(canvas, prepared?.pixels ?? NOTHING, 28, 28);
      setText(facts, prepared?.parts ? factsOf(prepared) : '');
    },
  };
}

function factsOf({ inverted, shift: [right, down], parts }) {
  const shifts = [[right, 'right', 'left'], [down, 'down', 'up']].filter(([by]) => by);
  const directions = shifts.map(([by, ahead, back]) => `${Math.abs(by)} ${by > 0 ? ahead : back}`);
  const facts = [inverted ? 'dark on light, inverted' : 'light on dark'];
  if (directions.length) facts.push(`shifted ${directions.join(' and ')}`);
  if (parts > 1) facts.push(`${parts} parts`);
  return capital(facts.join(', '));
}
