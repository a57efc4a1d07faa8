/** What is changed less often while a run lives: its rate, its length; and a snapshot of its weights. */

import { button, h } from '../dom.js';

const MORE_EPOCHS = 5;

/** `ask(action, value)` asks the trainer. */
export function createMenu(ask) {
  const rate = h('input', { type: 'number', min: 0, step: 'any', required: true, inputmode: 'decimal' });
  const more = h('input', { type: 'number', min: 1, max: 1_000_000, value: MORE_EPOCHS, required: true });
  const field = (label, input, button, asks) => h(
    'form', { onsubmit: (event) => { event.preventDefault(); close(); asks(); } },
    h('label', {}, h('span', {}, label), input), h('button', {}, button),
  );
  const summary = h('summary', {}, 'Change');
  const menu = h(
    'details', { class: 'menu' }, summary,
    h('div', { class: 'card' },
      field('New learning rate', rate, 'Set', () => ask('lr', rate.valueAsNumber)),
      field('More epochs', more, 'Add', () => ask('epochs', `+${more.value}`)),
      button('Save a snapshot', () => { close(); ask('snapshot'); })),
  );

  /** The keyboard goes back to where it was opened from. */
  function close() {
    menu.open = false;
    summary.focus();
  }
  menu.addEventListener('keydown', ({ key }) => { if (key === 'Escape' && menu.open) close(); });
  document.addEventListener('pointerdown', ({ target }) => { if (!menu.contains(target)) menu.open = false; });
  return menu;
}
