import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRuns } from '../../web/core/run-list.js';
import { INITIAL, createStore } from '../../web/core/store.js';
import { follow } from '../../web/runs/overlay.js';

test('an overlaid run is read again where the server did not answer, and only then', async () => {
  const runs = parseRuns({ runs: ['a', 'b'].map((id) => ({ run_id: id, path: `runs/${id}/`, name: id, status: 'completed' })) });
  const asked = [];
  let isDown = true;
  globalThis.fetch = async (url) => {
    asked.push(url);
    if (isDown && url.includes('/b/')) throw new TypeError('no server');
    return new Response('{"run_id": "any", "status": "completed"}');
  };
  const store = createStore({ ...INITIAL, runs, overlay: ['a', 'b'] });
  const poll = async (isDone) => {
    for (let turn = 0; !isDone(); turn += 1) {
      assert.ok(turn < 10_000);
      store.set({ connection: { ...store.state.connection } });
      await new Promise((resolve) => { setImmediate(resolve); });
    }
  };
  const shown = () => store.state.others.map(({ runId }) => runId).join();
  follow(store);
  await poll(() => shown() === 'a');
  isDown = false;
  await poll(() => shown() === 'a,b');
  const before = asked.length;
  let polls = 0;
  await poll(() => (polls += 1) > 20);
  assert.deepEqual(asked.slice(before), []);
  assert.equal(asked.filter((url) => url.includes('/a/')).length, 1);
});
