/** Wiring of the page: one store, one poller, a module for each section. */

import { follow as followAddress } from './core/address.js';
import { follow as followArtifacts, showWhenSeen } from './core/artifacts.js';
import { addStyle } from './core/dom.js';
import { createPoller } from './core/poller.js';
import { createReader, serverKind, watchSlow } from './core/reader.js';
import { INITIAL, createStore } from './core/store.js';
import * as theme from './core/theme.js';
import { follow as followToken } from './core/token.js';
import { isIdle, when, whenOpened } from './core/visibility.js';
import { stateOf } from './core/url-state.js';
import * as navigation from './frame/navigation.js';
import * as header from './views/header.js';
import * as learning from './views/learning.js';
import * as notices from './views/notices.js';
import * as numbers from './views/numbers.js';

const SECTIONS = { nav: navigation, header, learning, notices, numbers, theme };
// Sections that show nothing before the first poll is over.
const AFTER = {
  'live-region': () => import('./core/live-region.js'),
  refresh: () => import('./core/refresh.js'),
};
// Sections that show nothing before there is a run: the view that first shows one, and its module, which is loaded then.
/** @type {Object<string, [string, () => Promise<any>]>} */
const WITH_LOG = {
  'chart-options': ['overview', () => import('./charts/chart-options.js')],
  epochs: ['overview', () => import('./views/epochs.js')],
  happening: ['overview', () => import('./views/happening.js')],
  events: ['overview', () => import('./views/events.js')],
  pad: ['try', () => import('./views/pad.js')],
  compare: ['compare', () => import('./views/compare.js')],
  layers: ['network', () => import('./views/layers.js')],
  settings: ['settings', () => import('./views/settings.js')],
};
// Sections whose file and module are read once they are in view: the file's key, whether it has nothing to show, the module.
const LAZY = {
  samples: ['samples', (file) => !file.samples.length, () => import('./views/samples.js')],
  mistakes: ['predictions', (file) => !file.sets.length, () => import('./views/mistakes.js')],
  embedding: ['embedding', (file) => !file.epochs.length, () => import('./views/embedding.js')],
  weights: ['weights', (file) => !file.epochs.length, () => import('./views/weights.js')],
};

const store = createStore({ ...INITIAL, ...stateOf(location.hash, learning.PANELS) });
store.on(['runs', 'log'], ({ runs: listed, log }) => {
  const { name, runId } = listed.find((run) => run.runId === log?.runId) ?? {};
  if (log && name && name !== runId && name !== log.name) store.set({ log: { ...log, name } }); // as a user named it
});
const read = createReader();
followArtifacts(store, read);
for (const [id, section] of Object.entries(SECTIONS)) section.mount(document.getElementById(id), store);
mountKeys();
navigation.mountSkipLink(document.getElementById('skip'), document.getElementById('main'));
const mounting = (id, load) => async () => (await load()).mount(document.getElementById(id), store);
for (const [id, load] of Object.entries(AFTER)) when(store, ['loaded', 'connection'], ({ loaded }) => loaded, mounting(id, load));
when(store, ['log', 'loaded', 'connection'], ({ log, loaded }) => loaded && !log, mounting('welcome', () => import('./views/welcome.js')));
for (const [id, [page, load]] of Object.entries(WITH_LOG)) whenOpened(store, page, mounting(id, load));
for (const [id, [key, isEmpty, load]] of Object.entries(LAZY)) showWhenSeen(document.getElementById(id), store, key, isEmpty, load);

when(store, ['runs', 'connection'], ({ runs }) => runs.length > 0, mounting('runs', () => import('./runs/sidebar.js')));
when(store, ['runs', 'overlay'], ({ runs, overlay }) => runs.length > 0 && overlay.length > 0, async () => {
  (await import('./runs/overlay.js')).follow(store);
});
when(store, ['selected', 'log'], ({ selected, log }) => selected.image !== null && log !== null, async () => {
  (await import('./drawer/drawer.js')).mount(store);
});
when(store, ['drawn', 'page', 'connection'], ({ drawn, page }) => drawn !== null && page === 'try', mounting('pad', () => import('./drawer/drawn.js')));
when(store, ['zoom', 'log'], ({ zoom, log }) => zoom !== null && log !== null, async () => {
  (await import('./charts/full-resolution.js')).follow(store);
});

const poller = createPoller(store, read, serverKind);
watchSlow((loading) => store.set({ connection: { ...store.state.connection, loading } }));
followToken(store, poller.poll, () => import('./control/control.js'));
header.mountRetry(document.querySelector('[data-part=retry]'), store, poller.poll);
followAddress(store, learning.PANELS, poller.poll);
poller.poll();

document.getElementById('share')?.addEventListener('beforetoggle', async ({ target }) => {
  (await import('./print/share.js')).mount(target, store);
});

async function mountKeys() {
  const style = addStyle(new URL('frame/scrubber.css', import.meta.url));
  const [scrubber, shortcuts] = await Promise.all([import('./frame/scrubber.js'), import('./frame/shortcuts.js'), style]);
  const time = scrubber.mount(document.getElementById('scrubber'), store);
  shortcuts.mount(document.querySelectorAll('[data-action]'), store, time);
  when(store, ['log', 'connection'], ({ log, connection }) => log !== null && !connection.isSlow, async () => {
    await isIdle();
    (await import('./print/print.js')).follow(store); // before the browser prints there is no time to load it
  });
  when(store, ['present', 'log', 'connection'], ({ present, log }) => present !== null && log !== null, async () => {
    (await import('./present/present.js')).mount(store, time);
  });
}
