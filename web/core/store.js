/** The page's state: one object, replaced key by key; whoever listens to a key that changed is called. */

import { INTERVAL } from './polling.js';
import { PLAIN } from './url-state.js';

export function createStore(initial) {
  let state = initial;
  const listeners = [];
  // What goes wrong in one part stops no other.
  const tell = (call) => {
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
        if (keys.some((key) => changed.includes(key))) tell(call);
      }
    },
    /** Call `call(state)` now and after every change of one of `keys`. */
    on(keys, call) {
      listeners.push({ keys, call });
      tell(call);
    },
  };
}

export const INITIAL = {
  connection: { kind: null, ok: true, seenAt: null, isSlow: false }, // kind of server: digits (ours) or files (any other)
  loaded: false, // whether the first look is over
  log: null,
  folder: '', // where the files of that log lie
  liveness: null,
  live: null, // {runId, liveness} of the live run, also while an earlier one is looked at; null where nobody knows
  wanted: [], // which of the next three files are read: those whose sections were seen
  samples: null, // null until it is read, as the next two; with the `folder` that it was read from
  predictions: null, // the predictions for all images
  weights: null,
  runs: [],
  overlay: [], // ids of the runs that are laid over the shown one
  others: [], // those of them that were read: {runId, folder, log, predictions}
  isComparing: false, // whether the comparison was seen, for which their predictions are read
  shown: null, // the id of the earlier run that is looked at, null for the live one
  missing: null, // the id that was asked for and is not there
  interval: INTERVAL,
  view: PLAIN, // how the charts are looked at
  zoom: null, // [from, to] on the x axis of the charts, null for all
  curves: null, // the log as the charts draw it
  detail: null, // every batch of a stretch: {runId, from, to, rows}
  cursor: null, // the x that is read out
  token: null, // who may change something has one
  control: null, // what the server says of the trainer, to whom may control it
  lastWords: null, // {end, lines} of a trainer that broke off, as far as the server knows
  obstacle: '', // why an unfinished run can't be resumed
  manage: null, // how such a one changes a run
};
