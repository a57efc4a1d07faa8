/** What somebody may do who has the server's token: steer the run, start and resume one, change those that were. */

import { h } from '../dom.js';
import * as bar from './bar.js';
import { manage } from './manage.js';
import * as space from './space.js';
import { watch } from './watch.js';
import * as words from './words.js';

export async function mount(store, look) {
  await style();
  watch(store);
  bar.mount(document.getElementById('header'), store, look);
  words.mount(document.getElementById('notices'), store);
  space.mount(document.getElementById('runs'), store);
  store.on(['control'], ({ control }) => store.set({ manage: control && manage }));
}

/** A style sheet of its own, which the page does without until then. */
function style() {
  return new Promise((resolve) => {
    const href = new URL('control.css', import.meta.url).href;
    document.head.append(h('link', { rel: 'stylesheet', href, onload: resolve, onerror: resolve }));
  });
}
