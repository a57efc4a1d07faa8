/** Keyboard shortcuts of the whole page. */

import { PAGES } from '../core/url-state.js';
import { closeMenus, openView } from './navigation.js';

/**
 * Elements that take letters and digits themselves. A dialog just closed keeps the focus until the next frame, so `[open]`.
 */
const TYPING = 'input:not([type=checkbox], [type=range], [type=radio]), select, textarea, [contenteditable], dialog[open]';

/**
 * @param {NodeListOf<HTMLElement>} buttons that act as the key in their data-action
 * @param {import('../core/state-types.js').Store} store
 * @param {{step: (by: number) => void, toggle: () => void}} scrubber
 */
export function mount(buttons, store, scrubber) {
  const help = async () => (await import('./help.js')).open();
  /** @type {Map<string, () => void>} */
  const actions = new Map(PAGES.map((page, index) => [String(index + 1), () => openView(store, page)]));
  actions.set('?', help);
  actions.set('r', showRuns);
  actions.set(',', () => scrubber.step(-1));
  actions.set('.', () => scrubber.step(1));
  actions.set('p', scrubber.toggle);
  actions.set('print', async () => (await import('../print/print.js')).print(store));
  const restore = () => store.set({ view: { ...store.state.view, panel: null } });
  actions.set('f', () => store.set({ present: 1 }));
  for (const button of buttons) {
    button.addEventListener('click', () => {
      closeMenus();
      actions.get(button.dataset.action ?? '')?.();
    });
  }
  document.addEventListener('keydown', (event) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    if (altKey || event.defaultPrevented) return;
    const isCommand = ctrlKey || metaKey;
    if (!isCommand && target instanceof Element && target.closest(TYPING)) return;
    const isEnlarged = store.state.page === 'overview' && store.state.view.panel && store.state.selected.image === null;
    if (key === 'Escape' && isEnlarged) return restore();
    const act = isCommand ? key === 'p' && actions.get('print') : actions.get(key);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** The list of runs: opened where it is not always shown, and focused. */
function showRuns() {
  const runs = /** @type {HTMLElement} */ (document.getElementById('sidebar'));
  if (getComputedStyle(runs).display === 'none') runs.showPopover();
  /** @type {HTMLElement | null} */ (runs.querySelector('input:not([type=checkbox]), a'))?.focus();
}
