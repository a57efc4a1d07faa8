/** What the server knows of an unfinished run beyond its log: how its trainer ended, and why it can't be resumed. */

import { lastWordsOf, obstacleOf } from './state.js';

/** For the notices, which report one failure once. */
export function follow(store) {
  store.on(['control', 'liveness', 'shown'], (state) => {
    const lastWords = lastWordsOf(state);
    const isNew = JSON.stringify(lastWords) !== JSON.stringify(state.lastWords);
    store.set({ obstacle: obstacleOf(state), ...(isNew && { lastWords }) });
  });
}
