/** The drawer: everything that is known about one image, over the page at its right, or over all of it on narrow screens. */

import { addStyle, focusTemporarily } from '../core/dom.js';
import { closeImage } from '../core/images.js';
import { createPanel } from './panel.js';
import { followSubject } from './subject.js';

/** @import {Store} from '../core/state-types.js' */

const COVERED = '.view, #header, #notices, .skip'; // by the drawer on narrow screens
const TAKES_ESCAPE = 'dialog[open], canvas, :popover-open, input:not([type=range]), textarea, select';

/** @param {Store} store */
export async function mount(store) {
  await Promise.all(['../pad/pad.css', 'drawer.css'].map((file) => addStyle(new URL(file, import.meta.url))));
  const panel = createPanel(store);
  const narrow = matchMedia('(max-width: 959px)');
  let opened = ''; // the image that was opened, whose button gets the focus back
  const cover = () => {
    for (const element of document.querySelectorAll(COVERED)) /** @type {HTMLElement} */ (element).inert = opened !== '' && narrow.matches;
  };

  document.body.append(panel.element);
  narrow.addEventListener('change', cover);
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !opened) return;
    if (event.target instanceof Element && event.target.closest(TAKES_ESCAPE)) return;
    event.preventDefault();
    closeImage(store);
  });
  followSubject(store, panel.show);
  store.on(['selected', 'log'], ({ selected: { image }, log }) => {
    const isOpen = image !== null && log !== null;
    const wasOpen = opened !== '';
    const before = opened;
    opened = isOpen ? image : '';
    if (isOpen && !wasOpen) panel.open();
    if (!isOpen && wasOpen) panel.close();
    cover();
    if (!isOpen && wasOpen) focusOn(before, panel.element);
  });
}

/** The focus returns to the button of the image that was shown, if the page still shows it. */
function focusOn(name, panel) {
  const focused = document.activeElement;
  if (focused && focused !== document.body && !panel.contains(focused)) return; // on something else by now
  const button = /** @type {HTMLElement | null} */ (document.querySelector(`.view:not([hidden]) [data-image="${name}"]`));
  const main = /** @type {HTMLElement} */ (document.getElementById('main'));
  if (button) return void button.focus({ preventScroll: true });
  focusTemporarily(main, { preventScroll: true });
}
