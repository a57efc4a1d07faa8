/** The shown run's network, read anew whenever it has changed. */

import { folderOf } from '../api.js';
import { createReader } from '../reader.js';
import { createNetwork } from './network.js';
import { epochsOf, numbersOf, parsePlan } from './plan.js';

const AGAIN_MS = 1000; // the three files are written one after the other

/** Calls `take(network)` with {plan, read, epochs}, or null where there is none; `epochs()` gives those of each epoch. */
export function follow(store, take) {
  const read = createReader();
  let seen = null; // the state of the run that was read last
  let timer = 0;
  store.on(['log'], look);

  async function look() {
    clearTimeout(timer);
    const { log, shown } = store.state;
    const state = log && `${log.runId} ${log.epochs.epoch.length} ${log.status} ${log.files.includes('network.json')}`;
    if (state === seen) return;
    seen = state;
    const network = log?.files.includes('network.json') ? await load(read, folderOf(shown)).catch(() => undefined) : null;
    if (state !== seen) return; // another run is shown by now
    if (network === undefined) {
      seen = null;
      timer = setTimeout(look, AGAIN_MS);
    } else {
      take(network);
    }
  }
}

/** Undefined where the files don't fit together, null for a network that can't be computed here. */
async function load(read, path) {
  const plan = parsePlan((await read(`${path}network.json`)).value);
  if (!plan) return null;
  const numbers = numbersOf(plan, await bytes(`${path}network.bin`));
  if (!numbers) return undefined;
  const epochs = async () => epochsOf(plan, await bytes(`${path}network-epochs.bin`));
  return { plan, read: createNetwork(plan, numbers), epochs };
}

async function bytes(url) {
  const answer = await fetch(url, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
}
