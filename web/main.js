/** Wires the page: one store, one poller, a module per section. */

import * as announce from './core/live-region.js';
import { follow as followArtifacts, showWhenSeen } from './core/artifacts.js';
import * as compare from './views/compare.js';
import { follow as followDetail } from './charts/full-resolution.js';
import * as epochs from './views/epochs.js';
import * as events from './views/events.js';
import * as header from './views/header.js';
import * as layers from './views/layers.js';
import * as learning from './views/learning.js';
import * as looks from './charts/chart-options.js';
import * as notices from './views/notices.js';
import * as numbers from './views/numbers.js';
import { follow as followOthers } from './charts/overlay.js';
import * as pad from './views/pad.js';
import { createPoller } from './core/poller.js';
import { runOf } from './core/polling.js';
import { createReader, serverKind } from './core/reader.js';
import * as refresh from './core/refresh.js';
import * as runs from './views/runs.js';
import * as settings from './views/settings.js';
import { INITIAL, createStore } from './core/store.js';
import * as theme from './core/theme.js';
import { follow as followToken } from './core/token.js';
import { tellsView, viewOf } from './core/url-state.js';
import * as welcome from './views/welcome.js';

const SECTIONS = {
  announce, compare, epochs, events, header, layers, learning, looks, notices,
  numbers, pad, refresh, runs, settings, theme, welcome,
};
// Sections whose file and module are read once they are seen: the file's key, when it has nothing to show, the module.
const LATER = {
  samples: ['samples', ({ samples }) => !samples.length, () => import('./views/samples.js')],
  mistakes: ['predictions', ({ sets }) => !sets.length, () => import('./views/mistakes.js')],
  weights: ['weights', ({ epochs }) => !epochs.length, () => import('./views/weights.js')],
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
