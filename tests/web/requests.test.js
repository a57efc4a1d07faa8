import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, sendCommand } from '../../web/control/requests.js';
import { createStore } from '../../web/core/store.js';

const STATE = { token: 't', shown: null, control: { isRunning: false }, liveness: 'completed', log: null };

/** Time passes as soon as somebody waits for it. */
function hurry(context) {
  context.mock.method(globalThis, 'setTimeout', (call) => setImmediate(call));
  globalThis.fetch = async () => Response.json({ id: 'mine' });
}

const turns = async (count) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
};

test('after a start the page polls until the run appears', async (context) => {
  hurry(context);
  const store = createStore(STATE);
  let looks = 0;
  await begin(store, async () => {
    looks += 1;
    if (looks === 5) store.set({ liveness: 'running' });
  }, 'runs', {});
  await turns(100);
  assert.equal(looks, 5);
});

test('the page stops polling for a trainer that has exited', async (context) => {
  hurry(context);
  const store = createStore(STATE);
  let looks = 0;
  await begin(store, async () => {
    looks += 1;
    store.set({ control: { isRunning: false } });
  }, 'runs', {});
  await turns(100);
  assert.equal(looks, 1);
});

test('a command to the live run is not answered by an earlier run on display', async (context) => {
  hurry(context);
  const event = { request: 'mine', kind: 'paused', text: 'Paused' };
  const live = { runId: 'live', events: [] };
  const store = createStore({ ...STATE, liveness: 'running', log: live });
  const shown = [
    { log: { runId: 'earlier', events: [] }, liveness: 'completed' },
    { log: { ...live, events: [event] }, liveness: 'running' },
  ];
  assert.equal(await sendCommand(store, async () => store.set(shown.shift()), 'pause'), event);
});
