/** Images that open in the drawer: a button around each, and lists of them that are one tab stop with arrow keys. */

import { h, isCommand } from '../core/dom.js';
import { openImage, titleOf } from '../core/images.js';

/** @import {Store} from '../core/state-types.js' */

const MOVES = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** A button around the image `name`; the image alone where it has none. */
export const imageButton = (name, image, isStop) => (name === null ? image : h(
  'button', { type: 'button', class: 'open', 'data-image': name, 'aria-label': `Open ${titleOf(name)}`, tabindex: isStop ? 0 : -1 }, image,
));

/**
 * Opens the image of a list's item on a click, and moves between the items by arrow keys.
 * @param {any} list
 * @param {Store} store
 * @param {() => string[]} [listed] the images that previous and next go through: those of the list
 */
export function opensImages(list, store, listed = () => buttonsIn(list).map(({ dataset }) => dataset.image)) {
  list.addEventListener('click', ({ target }) => {
    const name = target.closest('li')?.querySelector('[data-image]')?.dataset.image;
    if (name) openImage(store, name, listed());
  });
  list.addEventListener('keydown', (event) => {
    const buttons = buttonsIn(list);
    const place = buttons.indexOf(event.target);
    const next = MOVES[event.key] && !isCommand(event) && place >= 0 ? buttons[place + MOVES[event.key]] : null;
    if (!next) return;
    event.preventDefault();
    makeStop(next, buttons);
    next.focus();
  });
}

/** Replaces the items of a list; the focus stays on its image, or goes to the first one. */
export function replaceItems(list, items) {
  const name = list.querySelector('[data-image]:focus')?.dataset.image;
  list.replaceChildren(...items);
  if (!name) return;
  const buttons = buttonsIn(list);
  const same = buttons.find(({ dataset }) => dataset.image === name) ?? buttons[0];
  makeStop(same, buttons);
  same?.focus({ preventScroll: true });
}

/** Makes one of some buttons their tab stop. */
export function makeStop(stop, buttons) {
  for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
}

const buttonsIn = (list) => [...list.querySelectorAll('[data-image]')];
