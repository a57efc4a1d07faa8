/** The files beside the log, each read once its section is in view, and again when the log changes. */

import { Unreachable } from './reader.js';
import { isAlive } from './status.js';
import { whenSeen } from './visibility.js';

/** @import {Store} from './state-types.js' */

const FILES = {
  samples: { file: 'test_samples.json', parser: 'parseSamples' },
  predictions: { file: 'predictions.json', parser: 'parsePredictions' },
  embedding: { file: 'embedding.json', parser: 'parseEmbedding' },
  weights: { file: 'weights.json', parser: 'parseWeights' },
};
const NONE = { samples: null, predictions: null, embedding: null, weights: null };

/**
 * Mounted before the sections: these are never called with the files of another run than the log's.
 * @param {Store} store
 */
export function follow(store, read) {
  let current = '';
  store.on(['log', 'folder'], ({ log, folder }) => {
    const run = log ? `${folder} ${log.runId}` : '';
    if (run !== current) store.set(NONE);
    current = run;
  });
  for (const key of Object.keys(FILES)) followFile(store, read, key);
}

function followFile(store, read, key) {
  const { file, parser } = FILES[key];
  let isReading = false;
  let readFor = null; // the log for which it was read last
  let latest = { value: undefined, folder: '', result: null };
  store.on(['log', 'wanted', 'connection'], update);

  async function update() {
    if (isReading) return;
    isReading = true;
    try {
      while (isDue()) await readFile();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error; // the next poll is the next attempt
    } finally {
      isReading = false;
    }
  }

  function isDue() {
    const { log, wanted } = store.state;
    return log !== readFor && wanted.includes(key) && isListed(log, key);
  }

  async function readFile() {
    const { log, folder } = store.state;
    const { value, missing } = await read(folder + file);
    if (value === undefined && !missing) throw new Unreachable(`${file}: incomplete`);
    const isSame = value === latest.value && folder === latest.folder && latest.result;
    if (!isSame) latest = { value, folder, result: { ...(await import('./artifact-parsers.js'))[parser](value), folder } };
    const now = store.state;
    if (now.folder !== folder || now.log?.runId !== log.runId) return;
    readFor = log;
    store.set({ [key]: latest.result });
  }
}

const isListed = (log, key) => log?.files.includes(FILES[key].file) ?? false;

/** Asks for a file, as its section does when it comes into view. */
export function want(store, key) {
  const { wanted } = store.state;
  if (!wanted.includes(key)) store.set({ wanted: [...wanted, key] });
}

/** Whether the live run is to write its test samples once its first epoch is over. */
const isAwaited = ({ log, liveness }, key) => key === 'samples' && isAlive(liveness) && !log.epochs.epoch.length
  && log.config.some(([option, value]) => option === 'samples' && Number(value) > 0);

/**
 * Shows a section from the moment the log lists its file, as busy until the file is read and `load()` has imported the
 * section's module; where the file is certain to come, before that too: nothing moves when it does. `isEmpty(content)`
 * hides the section again.
 */
export function showWhenSeen(element, store, key, isEmpty, load) {
  let isMounted = false;
  const draw = () => {
    const content = store.state[key];
    const awaits = !content && isAwaited(store.state, key);
    const isBusy = awaits || (isListed(store.state.log, key) && !(content && isMounted));
    element.hidden = content ? isEmpty(content) : !isBusy;
    element.ariaBusy = isBusy;
    element.toggleAttribute('data-awaited', awaits);
  };
  store.on(['log', 'liveness', key], draw);
  whenSeen(element, async () => {
    want(store, key);
    await (await load()).mount(element, store);
    isMounted = true;
    draw();
  });
}
