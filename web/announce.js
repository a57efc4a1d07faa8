/** Says aloud, to those who listen to the page, a new state or a finished epoch; not every poll. */

import { setText } from './dom.js';
import { decimal, percent, whole } from './format.js';
import { describe } from './liveness.js';

export function mount(element, store) {
  store.on(['log', 'liveness', 'connection'], (state) => {
    if (!state.loaded) return;
    const { word, detail, kind } = describe(state);
    setText(element, [kind === 'running' ? word : `${word} ${detail}`, state.log ? lastEpoch(state.log) : ''].join('. '));
  });
}

function lastEpoch({ epochs, test }) {
  if (test && test.accuracy !== null) return `Test accuracy ${percent(test.accuracy)}.`;
  const row = epochs.epoch.length - 1;
  if (row < 0) return '';
  const accuracy = epochs.val_accuracy[row];
  const result = accuracy === null ? `training loss ${decimal(epochs.train_loss[row])}` : `validation accuracy ${percent(accuracy)}`;
  return `Epoch ${whole(epochs.epoch[row])} done, ${result}.`;
}
