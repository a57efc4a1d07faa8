/** The theme: light, dark, or that of the system. Runs before the first paint, so that the page does not flash. */

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

/** Calls `redraw` when colors change: a canvas does not follow the style sheet. */
export function onColors(redraw) {
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)', 'print']) matchMedia(query).addEventListener('change', redraw);
  new MutationObserver(redraw).observe(root, { attributeFilter: ['data-theme'] });
}

/**
 * The style sheet's colors of these names, resolved for light or dark, as a canvas needs them.
 * @returns {Object<string, string>}
 */
export function colorsIn(element, names) {
  const probe = element.appendChild(h('i', { hidden: true }));
  probe.style.setProperty('forced-color-adjust', 'none'); // else all lines of a chart would have one color
  const colors = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colors);
}

function apply(theme) {
  if (THEMES.includes(theme)) root.dataset.theme = theme;
  else delete root.dataset.theme;
}
