/** The help sheet: the keyboard shortcuts. */

import { button, h } from '../core/dom.js';

/** @type {[string, [string, string][]][]} heading, then keys and what they do */
const SHORTCUTS = [
  ['Everywhere', [
    ['1 … 6', 'Overview, Mistakes, Try it, Compare, Network, Settings'],
    ['r', 'List of runs'],
    [', .', 'Previous epoch, next epoch'],
    ['p', 'Start or stop the replay'],
    ['f', 'Present: one chart or digit per screen'],
    ['Ctrl+P', 'Print a report of two pages'],
    ['?', 'This help'],
  ]],
  ['In a presentation', [
    ['← →', 'Previous, next screen; Home and End: first, last'],
    ['f', 'Full screen on or off'],
    ['Esc', 'Back to the page'],
  ]],
  ['In a chart', [
    ['← →', 'Move the cursor by one batch; with Shift by one epoch'],
    ['Home End', 'First, last batch in view'],
    ['+ −', 'Zoom in, zoom out'],
    ['Esc', 'Reset the zoom'],
  ]],
  ['In the confusion matrix', [
    ['← → ↑ ↓', 'Next count; Enter shows its images'],
  ]],
  ['In a list of images', [
    ['← →', 'Next image; Enter opens it'],
  ]],
  ['In the drawer of an image', [
    ['← →', 'Previous image, next image'],
    ['Esc', 'Close'],
  ]],
  ['On the pad', [
    ['← → ↑ ↓', 'Move the pen'],
    ['Space', 'Lower or lift the pen'],
    ['Backspace', 'Undo'],
    ['Esc', 'Clear'],
  ]],
];

/** @type {any} */
let sheet = null;

export function open() {
  sheet ??= createSheet();
  if (sheet.open) return;
  sheet.showModal();
  sheet.focus(); // instead of the button at its end
  sheet.scrollTop = 0;
}

function createSheet() {
  const close = button('Close', () => dialog.close());
  const dialog = h(
    'dialog', { class: 'card help', tabindex: '-1', 'aria-labelledby': 'help-title' },
    h('h2', { id: 'help-title' }, 'Keyboard shortcuts'),
    ...SHORTCUTS.map(([heading, rows]) => h('section', {}, h('h3', {}, heading), h('dl', {}, ...rows.flatMap(entry)))),
    close,
  );
  dialog.addEventListener('click', ({ target }) => { if (target === dialog) dialog.close(); }); // beside the sheet
  document.body.append(dialog);
  return dialog;
}

const entry = ([keys, text]) => [h('dt', {}, ...keys.split(' ').map((key) => (key === '…' ? ' … ' : h('kbd', {}, key)))), h('dd', {}, text)];
