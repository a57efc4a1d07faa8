/** Wiring of the page: one store, one poller, a module for each section. */

import { follow as followArtifacts, showWhenSeen } from './core/artifacts.js';
import * as liveRegion from './core/live-region.js';
import { createPoller } from './core/poller.js';
import { createReader, serverKind } from './core/reader.js';
import * as refresh from './core/refresh.js';
import { INITIAL, createStore } from './core/store.js';
import * as theme from './core/theme.js';
import { follow as followToken } from './core/token.js';
import { hasView, runOf, viewOf } from './core/url-state.js';
import * as chartOptions from './charts/chart-options.js';
import { follow as followFullResolution } from './charts/full-resolution.js';
import { follow as followOverlay } from './charts/overlay.js';
import * as compare from './views/compare.js';
import * as header from './views/header.js';
import * as learning from './views/learning.js';
import * as notices from './views/notices.js';
import * as numbers from './views/numbers.js';
import * as pad from './views/pad.js';
import * as runs from './views/runs.js';
import * as welcome from './views/welcome.js';

const SECTIONS = {
  'live-region': liveRegion, 'chart-options': chartOptions, compare, header, learning, notices, numbers, pad, refresh, runs, theme,
  welcome,
};
// Sections that show nothing before there is a run, whose modules are loaded with its log.
const WITH_LOG = {
  epochs: () => import('./views/epochs.js'),
  events: () => import('./views/events.js'),
  layers: () => import('./views/layers.js'),
  settings: () => import('./views/settings.js'),
};
// Sections whose file and module are read once they are in view: the file's key, whether it has nothing to show, the module.
const LAZY = {
  samples: ['samples', (file) => !file.samples.length, () => import('./views/samples.js')],
  mistakes: ['predictions', (file) => !file.sets.length, () => import('./views/mistakes.js')],
  weights: ['weights', (file) => !file.epochs.length, () => import('./views/weights.js')],
};

const store = createStore({ ...INITIAL, shown: runOf(location.hash), ...viewOf(location.hash, learning.PANELS) });
store.on(['runs', 'log'], ({ runs: listed, log }) => {
  const { name, runId } = listed.find((run) => run.runId === log?.runId) ?? {};
  if (log && name && name !== runId && name !== log.name) store.set({ log: { ...log, name } }); // as a user named it
});
const read = createReader();
followArtifacts(store, read);
for (const [id, section] of Object.entries(SECTIONS)) section.mount(document.getElementById(id), store);
const waiting = Object.entries(WITH_LOG);
store.on(['log'], ({ log }) => {
  for (const [id, load] of log ? waiting.splice(0) : []) load().then((section) => section.mount(document.getElementById(id), store));
});
for (const [id, [key, isEmpty, load]] of Object.entries(LAZY)) showWhenSeen(document.getElementById(id), store, key, isEmpty, load);

followOverlay(store);
followFullResolution(store);

const poller = createPoller(store, read, serverKind);
followToken(store, poller.poll, () => import('./control/control.js'));
window.addEventListener('hashchange', () => {
  const shown = runOf(location.hash); // the shown run stays until the other one is read
  const reset = shown === store.state.shown ? {} : { zoom: null, cursor: null };
  store.set({ shown, missing: null, ...reset, ...(hasView(location.hash) && viewOf(location.hash, learning.PANELS)) });
  poller.poll();
});
poller.poll();
