/** The log tail: how the trainer of an unfinished run ended, its last output, and why the run can't be resumed. */

import { logTailOf, resumeProblemOf } from './state.js';

/** For the notices, which report one failure once. */
export function follow(store) {
  store.on(['control', 'liveness', 'shown'], (state) => {
    const logTail = logTailOf(state);
    const isNew = JSON.stringify(logTail) !== JSON.stringify(state.logTail);
    store.set({ resumeProblem: resumeProblemOf(state), ...(isNew && { logTail }) });
  });
}
