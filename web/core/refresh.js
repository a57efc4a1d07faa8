/** How often the page re-reads, as the reader likes it. */

import { h, remember, remembered } from './dom.js';
import { INTERVALS } from './polling.js';

const KEY = 'interval';

export function mount(select, store) {
  const wanted = Number(remembered(KEY));
  if (INTERVALS.includes(wanted)) store.set({ interval: wanted });
  select.append(...INTERVALS.map((seconds) => h('option', { value: seconds }, `every ${seconds} s`)));
  select.value = store.state.interval;
  select.addEventListener('change', () => {
    remember(KEY, select.value);
    store.set({ interval: Number(select.value) });
  });
}
