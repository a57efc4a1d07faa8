/** Wires the page: one store, one poller, a module per section. */

import * as announce from './announce.js';
import { follow as followArtifacts, showWhenSeen } from './artifacts.js';
import * as compare from './compare.js';
import { follow as followDetail } from './detail.js';
import * as epochs from './epochs.js';
import * as events from './events.js';
import * as header from './header.js';
import * as layers from './layers.js';
import * as learning from './learning.js';
import * as looks from './looks.js';
import * as notices from './notices.js';
import * as numbers from './numbers.js';
import { follow as followOthers } from './others.js';
import * as pad from './pad.js';
import { createPoller } from './poller.js';
import { runOf } from './polling.js';
import { createReader, serverKind } from './reader.js';
import * as refresh from './refresh.js';
import * as runs from './runs.js';
import * as settings from './settings.js';
import { INITIAL, createStore } from './store.js';
import * as theme from './theme.js';
import { follow as followToken } from './token.js';
import { tellsView, viewOf } from './view.js';
import * as welcome from './welcome.js';

const SECTIONS = {
  announce, compare, epochs, events, header, layers, learning, looks, notices,
  numbers, pad, refresh, runs, settings, theme, welcome,
};
// Sections whose file and module are read once they are seen: the file's key, when it has nothing to show, the module.
const LATER = {
  samples: ['samples', ({ samples }) => !samples.length, () => import('./later/samples.js')],
  mistakes: ['predictions', ({ sets }) => !sets.length, () => import('./later/mistakes.js')],
  weights: ['weights', ({ epochs }) => !epochs.length, () => import('./later/weights.js')],
};

const store = createStore({ ...INITIAL, shown: runOf(location.hash), ...viewOf(location.hash) });
store.on(['runs', 'log'], ({ runs, log }) => {
  const { name, runId } = runs.find((run) => run.runId === log?.runId) ?? {}; // as somebody named it
  if (name !== runId && name !== log.name) store.set({ log: { ...log, name } });
});
const read = createReader();
followArtifacts(store, read);
for (const [id, section] of Object.entries(SECTIONS)) section.mount(document.getElementById(id), store);
for (const [id, later] of Object.entries(LATER)) showWhenSeen(document.getElementById(id), store, ...later);

followOthers(store);
followDetail(store);

const poller = createPoller(store, read, serverKind);
followToken(store, poller.look);
window.addEventListener('hashchange', () => {
  const shown = runOf(location.hash); // what is shown stays until the other run is there
  const stretch = shown === store.state.shown ? {} : { zoom: null, cursor: null };
  store.set({ shown, missing: null, ...stretch, ...(tellsView(location.hash) && viewOf(location.hash)) });
  poller.look();
});
poller.look();
