import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';
import { follow } from '../../web/pad/loader.js';
import { createStore } from '../../web/core/store.js';

const FIXTURE = new URL('../fixtures/network/', import.meta.url);
const plan = JSON.parse(readFileSync(new URL('tiny.json', FIXTURE), 'utf8'));
const numbers = readFileSync(new URL('tiny.bin', FIXTURE));

let epoch = null; // of the network that lies there; null for none
let asked = [];

beforeEach(() => {
  epoch = 1;
  asked = [];
  globalThis.fetch = async (url) => {
    asked.push(url.split('/').at(-1));
    if (epoch === null) return new Response('', { status: 404 });
    return new Response(url.endsWith('.json') ? JSON.stringify({ ...plan, epoch }) : numbers);
  };
});

const logOf = (last, status = 'running') => ({ runId: 'x', status, files: ['network.json'], epochs: { epoch: [last] } });

/** A followed store: the epochs of the networks that were taken, and a poll of the page. */
function followed(log, liveness = 'running') {
  const taken = [];
  const store = createStore({ log, liveness, shown: null, connection: {} });
  follow(store);
  store.on(['network'], ({ network }) => network && taken.push(network.plan.epoch));
  const poll = async (changes = {}) => {
    store.set({ connection: {}, ...changes });
    await settled();
  };
  return { taken, poll };
}

/** Whatever was begun has come to its end. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
};

test('an epoch in the log before its network is available is retried', async () => {
  const { taken, poll } = followed(logOf(1));
  await settled();
  await poll({ log: logOf(2) });
  await poll();
  assert.deepEqual(taken, [1]);
  assert.equal(asked.filter((file) => file === 'network.bin').length, 1, 'numbers are only read when there are others');
  epoch = 2;
  await poll();
  assert.deepEqual(taken, [1, 2]);
  const before = asked.length;
  await poll();
  assert.equal(asked.length, before, 'it has the latest');
});

test('missing files are requested with backoff, and no longer once the run has ended', async (context) => {
  context.mock.timers.enable({ apis: ['Date'] });
  epoch = null;
  const { taken, poll } = followed(logOf(1, 'completed'), 'completed');
  await settled();
  const waits = [];
  for (let second = 1; second < 600; second += 1) {
    context.mock.timers.tick(1000);
    const before = asked.length;
    await poll({ connection: { second } });
    if (asked.length > before) waits.push(second);
  }
  assert.deepEqual(waits, [1, 3, 7, 15, 31, 63]);
  assert.deepEqual(taken, []);
});
