/** The menu of refresh intervals. */

import { SITE } from './api.js';
import { h, remember, remembered } from './dom.js';
import { INTERVALS } from './polling.js';

const KEY = 'interval';

export function mount(select, store) {
  select.parentElement.hidden = Boolean(SITE);
  const chosen = Number(remembered(KEY));
  if (INTERVALS.includes(chosen)) store.set({ interval: chosen });
  select.append(...INTERVALS.map((seconds) => h('option', { value: seconds }, `every ${seconds} s`)));
  select.value = store.state.interval;
  select.addEventListener('change', () => {
    remember(KEY, select.value);
    store.set({ interval: Number(select.value) });
  });
}
