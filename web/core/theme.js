/** Light, dark, or as the system has it. Runs before the first paint, so that nothing flashes. */

import { h, remember, remembered } from './dom.js';

const KEY = 'theme';
const THEMES = ['light', 'dark'];
const root = document.documentElement;

apply(remembered(KEY));

export function mount(select) {
  select.value = root.dataset.theme ?? 'auto';
  select.addEventListener('change', () => {
    remember(KEY, select.value);
    apply(select.value);
  });
}

/** Call `redraw` when colours change: pictures on a canvas don't follow the style sheet by themselves. */
export function onColours(redraw) {
  for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', redraw);
  new MutationObserver(redraw).observe(root, { attributeFilter: ['data-theme'] });
}

/** The style sheet's colours of these names as a canvas understands them: resolved for light or dark. */
export function coloursIn(element, names) {
  const probe = element.appendChild(h('i', { hidden: true }));
  const colours = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colours);
}

function apply(theme) {
  if (THEMES.includes(theme)) root.dataset.theme = theme;
  else delete root.dataset.theme;
}
