/** The page of a public digit reader (server.py --predict-only): the pad with the server's network, and no runs. */

import { INITIAL, createStore } from '../core/store.js';
import { mount } from '../pad/pad.js';

/** @import {Log} from '../core/types.js' */

const RETRY_MS = 2000; // while the files of the network are being replaced
const NO_EPOCHS = { epoch: [] };
const LOG = /** @type {Log} */ (/** @type {unknown} */ ({ files: ['network.json'], epochs: NO_EPOCHS }));

const store = createStore({ ...INITIAL, page: 'try', loaded: true, log: LOG });
const element = /** @type {HTMLElement} */ (document.getElementById('pad'));
const wait = element.querySelector('[data-part=wait]');
mount(element, store, { hasRun: false }).then(waitForNetwork);

/** Each change of the connection is an attempt to load the network, until that has succeeded. */
function waitForNetwork() {
  const timer = setInterval(() => {
    if (wait) wait.textContent = 'The network has not arrived yet. Trying again …';
    store.set({ connection: { ...INITIAL.connection, seenAt: Date.now() } });
  }, RETRY_MS);
  store.on(['network'], ({ network }) => {
    if (network === undefined) return;
    clearInterval(timer);
    wait?.remove();
  });
}
