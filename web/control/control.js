/** Control with the server's token: the live run, starting and resuming, changes to earlier runs. */

import { addStyle } from '../core/dom.js';
import * as bar from './bar.js';
import * as firstRun from './first-run.js';
import { manage } from './manage.js';
import { createNewRun } from './new-run.js';
import * as queue from './queue.js';
import * as space from './disk-space.js';
import { isOutdated, possible } from './state.js';
import { watch } from './watch.js';
import { follow as followLogTail } from './log-tail.js';

export async function mount(store, poll) {
  await addStyle(new URL('control.css', import.meta.url));
  watch(store);
  const newRun = createNewRun(store, poll, (sentence) => controls.report(sentence));
  const controls = bar.mount(document.getElementById('header'), store, poll, newRun);
  const open = (run, inTraining) => manage(run, inTraining, store, newRun, controls.report);
  followLogTail(store);
  firstRun.mount(document.getElementById('welcome'), store, poll);
  queue.mount(document.getElementById('sidebar'), store);
  space.mount(document.getElementById('runs'), store);
  store.on(['control', 'log', 'liveness', 'shown', 'connection'], (state) => {
    const { resume, again } = possible(state);
    const isOpen = state.connection.ok && !isOutdated(state);
    store.set({ actions: { resume: isOpen && resume ? controls.resume : null, again: isOpen && again ? controls.again : null } });
  });
  store.on(['control'], ({ control }) => store.set({ manage: control?.isAuthorized ? open : null }));
}
