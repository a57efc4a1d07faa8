/** The files beside the log, each read once its section is seen, and again when the log has changed. */

import { Unreachable } from './reader.js';
import { whenSeen } from './visibility.js';

const record = () => import('./artifact-parsers.js');
const FILES = {
  samples: { file: 'test_samples.json', parser: async () => (await record()).parseSamples },
  predictions: { file: 'predictions.json', parser: async () => (await record()).parsePredictions },
  weights: { file: 'weights.json', parser: async () => (await record()).parseWeights },
};
const NONE = { samples: null, predictions: null, weights: null };

/** Mounted before the sections: these are never called with the files of another run than the log's. */
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
  let readFor = null; // the log with which it was read last
  let kept = {}; // {value, folder, result}
  store.on(['log', 'wanted', 'connection'], update);

  async function update() {
    if (isReading) return;
    isReading = true;
    try {
      while (isDue()) await readFile();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error; // the poller's next look is the next attempt
    } finally {
      isReading = false;
    }
  }

  function isDue() {
    const { log, wanted } = store.state;
    return log !== readFor && wanted.includes(key) && isAnnounced(log, key);
  }

  async function readFile() {
    const { log, folder } = store.state;
    const { value, missing } = await read(folder + file);
    const parse = await parser();
    if (value === undefined && !missing) throw new Unreachable(`${file}: incomplete`);
    if (value !== kept.value || folder !== kept.folder || !kept.result) kept = { value, folder, result: { ...parse(value), folder } };
    const now = store.state;
    if (now.folder !== folder || now.log?.runId !== log.runId) return;
    readFor = log;
    store.set({ [key]: kept.result });
  }
}

const isAnnounced = (log, key) => log?.files.includes(FILES[key].file) ?? false;

/** Ask for a file, as its section does when it is seen. */
export function want(store, key) {
  const { wanted } = store.state;
  if (!wanted.includes(key)) store.set({ wanted: [...wanted, key] });
}

/**
 * Show a section from the moment the log announces its file, busy until both that and its module, which `load()`
 * imports, are there. A file that has nothing to show, by `isEmpty(content)`, hides it again.
 */
export function showWhenSeen(element, store, key, isEmpty, load) {
  let isMounted = false;
  const draw = () => {
    const content = store.state[key];
    const isBusy = isAnnounced(store.state.log, key) && !(content && isMounted);
    element.hidden = content ? isEmpty(content) : !isBusy;
    element.ariaBusy = isBusy;
  };
  store.on(['log', key], draw);
  whenSeen(element, async () => {
    want(store, key);
    (await load()).mount(element, store);
    isMounted = true;
    draw();
  });
}
