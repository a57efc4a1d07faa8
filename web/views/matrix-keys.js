/** Keys of the confusion matrix: one tab stop, arrow keys between its counts. */

import { isCommand } from '../core/dom.js';
import { makeStop } from './image-list.js';

/** @type {Object<string, [number, number]>} rows and columns */
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** @param {HTMLTableElement} table */
export function moveWithArrows(table) {
  table.addEventListener('keydown', (/** @type {any} */ event) => {
    const { target, key } = event;
    const move = MOVES[key];
    if (!move || isCommand(event) || !target.dataset.cell) return;
    event.preventDefault();
    const next = neighbor(table, target.dataset.cell, move);
    if (!next) return;
    setTabStop(table, next);
    next.focus();
  });
}

/** The next cell in a direction that has a count. */
function neighbor(table, name, [down, right]) {
  let [row, column] = Array.from(name, Number);
  for (;;) {
    [row, column] = [row + down, column + right];
    if (row < 0 || column < 0 || row > 9 || column > 9) return null;
    const button = table.querySelector(`[data-cell="${row}${column}"]`);
    if (button) return button;
  }
}

/** Makes one count the tab stop: `wanted`, else the chosen one, else the first. */
export function setTabStop(table, wanted = null) {
  const buttons = [...table.querySelectorAll('[data-cell]')];
  makeStop(wanted ?? buttons.find((one) => one.ariaPressed === 'true') ?? buttons[0], buttons);
}
