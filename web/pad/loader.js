/** The loader of the shown run's network, which re-reads it whenever it changes. */

import { folderOf } from '../core/api.js';
import { createReader } from '../core/reader.js';
import { isAlive } from '../core/status.js';
import { createNetwork } from './network.js';
import { epochsOf, numbersOf, parsePlan } from './plan.js';

/** @import {Store} from '../core/state-types.js' */
/** @import {Plan} from './plan.js' */
/** @import {Output} from './network.js' */

/**
 * @typedef {object} Network
 * @property {Plan} plan
 * @property {Float32Array} numbers weights and biases of all layers
 * @property {(pixels: ArrayLike<number>) => Output} forward
 * @property {() => Promise<Map<number, () => Float32Array> | null>} epochs weights of each epoch kept
 */

const RETRY_MS = 1000; // the three files are written in turn
const MAX_RETRY_MS = 60_000;

const followed = new WeakSet();

/**
 * Keeps the store's `network`, from the first call on; null if there is none. The log lists an epoch before its network is
 * written: until then each poll of the page is an attempt.
 * @param {Store} store
 */
export function follow(store) {
  if (followed.has(store)) return;
  followed.add(store);
  const load = createLoader();
  let state = ''; // of the run for which it was loaded last
  let [wait, due] = [0, 0]; // until the next attempt, and its time
  store.on(['log', 'connection'], poll);

  async function poll() {
    const { log, shown, liveness } = store.state;
    const now = stateOf(log);
    if (now === state && Date.now() < due) return;
    if (now !== state) wait = RETRY_MS;
    state = now;
    due = Infinity; // no second attempt beside this one
    const result = log?.files.includes('network.json') ? await load(folderOf(shown)).catch(() => undefined) : null;
    if (now !== state) return; // another run is shown by now
    if (result === undefined) scheduleRetry(liveness);
    else finish(result, liveness, log);
  }

  function scheduleRetry(liveness) {
    if (!isAlive(liveness) && wait >= MAX_RETRY_MS) return; // an ended run writes no more
    due = Date.now() + wait;
    wait = Math.min(2 * wait, MAX_RETRY_MS);
  }

  function finish(network, liveness, log) {
    store.set({ network });
    const isOld = network && (network.plan.epoch ?? 0) < (log?.epochs.epoch.at(-1) ?? 0);
    if (isOld && isAlive(liveness)) due = 0;
  }
}

const stateOf = (log) => `${log?.runId} ${log?.epochs.epoch.at(-1)} ${log?.status} ${log?.files.includes('network.json')}`;

/** A function load(folder): the network, null if it cannot be computed here, undefined if files are missing or do not match. */
function createLoader() {
  const read = createReader();
  let [file, loaded] = [undefined, /** @type {Network | null} */ (null)]; // network.json as it was read last

  return async function load(folder) {
    const { value } = await read(`${folder}network.json`);
    if (value === undefined) return undefined;
    if (value === file) return loaded;
    const plan = parsePlan(value);
    const numbers = plan && numbersOf(plan, await bytes(`${folder}network.bin`));
    if (plan && !numbers) return undefined;
    file = value;
    loaded = plan && {
      plan,
      numbers: /** @type {Float32Array} */ (numbers),
      forward: createNetwork(plan, numbers),
      epochs: once(async () => epochsOf(plan, await bytes(`${folder}network-epochs.bin`))),
    };
    return loaded;
  };
}

/** The result of `work()`, which is repeated until that is not null. */
function once(work) {
  let result = null;
  return async () => {
    result ??= await work();
    return result;
  };
}

async function bytes(url) {
  const answer = await fetch(url, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
}
