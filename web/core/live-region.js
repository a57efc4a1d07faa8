/** The live region for screen readers: announces a new status or a finished epoch, not every poll. */

import { setText } from './dom.js';
import { decimal, percent, whole } from './format.js';
import { describe } from './status.js';

export function mount(element, store) {
  store.on(['log', 'liveness', 'connection'], (state) => {
    if (!state.loaded) return;
    const { word, detail, kind } = describe({ ...state, connection: { ...state.connection, loading: [] } });
    const sentence = kind === 'running' || !detail ? word : `${word} ${detail}`;
    setText(element, `${sentence}. ${state.log ? lastEpoch(state.log) : ''}`);
  });
}

function lastEpoch({ epochs, test }) {
  if (test && test.accuracy !== null) return `Test accuracy ${percent(test.accuracy)}.`;
  const row = epochs.epoch.length - 1;
  if (row < 0) return '';
  const done = `Epoch ${whole(epochs.epoch[row])} done`;
  const accuracy = epochs.val_accuracy[row];
  if (accuracy !== null) return `${done}, validation accuracy ${percent(accuracy)}.`;
  return `${done}, training loss ${decimal(epochs.train_loss[row])}.`;
}
