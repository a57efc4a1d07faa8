/** The shown run's network, read anew whenever it has changed. */

import { folderOf } from '../core/api.js';
import { isAlive } from '../core/status.js';
import { createReader } from '../core/reader.js';
import { createNetwork } from './network.js';
import { epochsOf, numbersOf, parsePlan } from './plan.js';

const AGAIN_MS = 1000; // the three files are written one after the other
const LONGEST_MS = 60_000;

const NONE = { network: null };

/**
 * Calls `take(network)` with {plan, read, epochs}, or null where there is none; `epochs()` gives those of each epoch.
 * The log tells of an epoch before its network is written: until then it looks whenever the page does.
 */
export function follow(store, take) {
  const read = createReader();
  let seen = null; // the state of the run that was looked at last
  let known = {}; // {value, network} of the network.json that was read last
  let [wait, next] = [0, 0]; // when to look again
  store.on(['log', 'connection'], look);

  async function look() {
    const { log, shown, liveness } = store.state;
    const latest = log?.epochs.epoch.at(-1) ?? 0;
    const isAnnounced = log?.files.includes('network.json');
    const state = `${log?.runId} ${latest} ${log?.status} ${isAnnounced}`;
    if (state === seen && Date.now() < next) return;
    if (state !== seen) wait = AGAIN_MS;
    seen = state;
    next = Infinity; // no second look beside this one
    const found = isAnnounced ? await load(folderOf(shown)).catch(() => null) : NONE;
    if (state !== seen) return; // another run is shown by now
    if (!found && (isAlive(liveness) || wait < LONGEST_MS)) { // what has ended writes no more
      next = Date.now() + wait;
      wait = Math.min(2 * wait, LONGEST_MS);
    }
    if (!found) return;
    if (found !== known) take(found.network);
    known = found;
    if (isAlive(liveness) && found.network?.plan.epoch < latest) next = 0;
  }

  /** Null where the files are missing or don't fit together; the network is null where it can't be computed here. */
  async function load(path) {
    const { value } = await read(`${path}network.json`);
    if (value === undefined) return null;
    if (value === known.value) return known;
    const plan = parsePlan(value);
    if (!plan) return { value, network: null };
    const numbers = numbersOf(plan, await bytes(`${path}network.bin`));
    if (!numbers) return null;
    const epochs = async () => epochsOf(plan, await bytes(`${path}network-epochs.bin`));
    return { value, network: { plan, read: createNetwork(plan, numbers), epochs } };
  }
}

async function bytes(url) {
  const answer = await fetch(url, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
}
