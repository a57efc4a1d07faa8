/**
 * The address bar: its fragment holds the state of the page. A new view or run is a new entry of the history, and so are
 * an opened image and a presentation, whose end goes back; anything else replaces the current entry.
 */

import { OF_RUN } from './store.js';
import { LIVE, hasView, hashOf, runOf, stateOf } from './url-state.js';

/** @import {State, Store} from './state-types.js' */

/** @type {(keyof State)[]} */
const KEYS = ['page', 'shown', 'epoch', 'set', 'selected', 'listed', 'list', 'overlay', 'view', 'zoom', 'comparison', 'present'];
// The state of the entries that this module writes: any other was opened by a link, or typed.
const OURS = 'page'; // and how many opened images lie over the view
const PRESENTATION = 'presentation'; // opened from the entry before it
// Browsers refuse more than about a hundred replacements in half a minute: a burst, then one per interval.
const [BURST, INTERVAL_MS] = [30, 500];

/**
 * @param {Store} store
 * @param {string[]} panels the charts that may be enlarged
 * @param {() => void} navigated called after back, forward, and links
 */
export function follow(store, panels, navigated) {
  let timer = 0;
  const budget = createBudget();
  let current = store.state; // of the current entry, once it is written
  let depth = depthOf(history.state);
  let isClosing = false; // on the way back to the entry without an image

  const write = (isNew) => {
    clearTimeout(timer);
    timer = 0;
    const hash = hashOf(current);
    const fragment = hash === LIVE ? '' : hash;
    const url = location.pathname + location.search + fragment;
    if (isNew) history.pushState(current.present === null ? OURS + (depth || '') : PRESENTATION, '', url);
    else history.replaceState(history.state ?? OURS, '', url);
  };

  const replace = () => {
    if (budget.take()) write(false);
    else timer ||= setTimeout(write, INTERVAL_MS, false);
  };

  store.on(KEYS, (state) => {
    const isGone = current.shown !== null && state.missing === current.shown; // the reader did not leave that run: it is missing
    const isMoved = !isSamePlace(state, current) && !isGone;
    const isNew = isMoved || isOpened(state, current);
    if (isNew && timer) write(false); // the pending replacement of the entry that is left
    const isClosed = !isMoved && depth > 0 && current.selected.image !== null && state.selected.image === null;
    current = state;
    if (isClosed) history.go(-depth);
    isClosing ||= isClosed;
    depth = isMoved || isClosed ? 0 : depth + Number(isNew);
    if (isNew) write(true);
    else if (!isClosing) replace();
  });

  window.addEventListener('pagehide', () => timer && write(false));

  window.addEventListener('popstate', ({ state }) => {
    clearTimeout(timer);
    timer = 0;
    if (isClosing) {
      isClosing = false;
      write(false);
      return;
    }
    if (!state && isForeign(location.hash)) return;
    depth = depthOf(state);
    const wanted = stateOf(location.hash, panels);
    const isOther = wanted.shown !== store.state.shown;
    const isWhole = Boolean(state) || hasView(location.hash);
    const changes = { missing: null, ...(isOther && OF_RUN), ...(isWhole ? wanted : { shown: wanted.shown }) };
    current = { ...store.state, ...changes };
    store.set(changes); // the shown run stays until the other one is read
    navigated();
  });
}

/** How many replacements are left: `take()` uses one, if there is one. */
function createBudget() {
  let [left, countedAt] = [BURST, performance.now()];
  return {
    take() {
      const now = performance.now();
      left = Math.min(BURST, left + (now - countedAt) / INTERVAL_MS);
      countedAt = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}

/** Ends the presentation where it was opened; where its link was opened, in place. */
export function endPresentation(store) {
  if (history.state === PRESENTATION) history.back();
  else store.set({ present: null });
}

/** Whether a change from `before` to `now` stays on the same entry. */
const isSamePlace = (now, before) => now.page === before.page && now.shown === before.shown && (now.present === null || before.present !== null);

/** Whether an image was opened: not by previous or next, which keep the list. */
const isOpened = (state, before) => state.selected.image !== null && (before.selected.image === null || state.listed !== before.listed);

const depthOf = (state) => Number(/^page(\d+)$/.exec(state)?.[1] ?? 0);

/** A fragment that is none of the page's, such as one with a token only. */
const isForeign = (hash) => Boolean(hash) && hash !== LIVE && runOf(hash) === null && !hasView(hash);
