/** The page's state: one object, replaced key by key; listeners are called when one of their keys changes. */

import { LIST } from './list-options.js';
import { INTERVAL } from './polling.js';
import { BY_DEFAULT, NOTHING, PAGES, PLAIN } from './url-state.js';

/** @import {State, Store} from './state-types.js' */

/**
 * @param {State} initial
 * @returns {Store}
 */
export function createStore(initial) {
  let state = initial;
  /** @type {{keys: (keyof State)[], call: (state: State) => void}[]} */
  const listeners = [];
  // An error in one section must not stop the others.
  const notify = (call) => {
    try {
      call(state);
    } catch (error) {
      reportError(error);
    }
  };
  return {
    get state() {
      return state;
    },
    set(changes) {
      const changed = Object.keys(changes).filter((key) => !Object.is(changes[key], state[key]));
      if (!changed.length) return;
      state = { ...state, ...changes };
      for (const { keys, call } of listeners) {
        if (keys.some((key) => changed.includes(key))) notify(call);
      }
    },
    on(keys, call) {
      listeners.push({ keys, call });
      notify(call);
    },
  };
}

/** State of one run, reset for another. */
export const OF_RUN = { zoom: null, cursor: null, epoch: null, selected: NOTHING };

/** @type {State} */
export const INITIAL = {
  page: PAGES[0],
  epoch: null,
  set: 'validation',
  selected: NOTHING,
  listed: [],
  connection: { kind: null, ok: true, seenAt: null, isSlow: false, loading: [] },
  loaded: false,
  log: null,
  folder: '',
  liveness: null,
  live: null,
  wanted: [],
  samples: null,
  predictions: null,
  weights: null,
  embedding: null,
  network: undefined,
  drawn: null,
  sent: null,
  runs: [],
  list: LIST,
  overlay: [],
  others: [],
  group: null,
  isComparing: false,
  shown: null,
  missing: null,
  interval: INTERVAL,
  view: PLAIN,
  zoom: null,
  present: null,
  comparison: BY_DEFAULT,
  curves: null,
  detail: null,
  cursor: null,
  token: null,
  control: null,
  logTail: null,
  resumeProblem: '',
  actions: { resume: null, again: null },
  manage: null,
};
