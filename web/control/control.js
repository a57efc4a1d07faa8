/** What somebody may do who has the server's token: steer the run, start and resume one, change those that were. */

import { h } from '../dom.js';
import * as bar from './bar.js';
import { manage } from './manage.js';
import { watch } from './watch.js';

export async function mount(store, look) {
  await style();
  watch(store);
  bar.mount(document.getElementById('header'), store, look);
  store.on(['control'], ({ control }) => store.set({ manage: control && manage }));
}

/** A style sheet of its own, which the page does without until then. */
function style() {
  return new Promise((resolve) => {
    const href = new URL('control.css', import.meta.url).href;
    document.head.append(h('link', { rel: 'stylesheet', href, onload: resolve, onerror: resolve }));
  });
}
