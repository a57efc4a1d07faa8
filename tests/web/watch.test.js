import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watch } from '../../web/control/watch.js';
import { INITIAL, createStore } from '../../web/core/store.js';

test('a busy server keeps the controls, one without control removes them', async () => {
  const store = createStore({ ...INITIAL, token: 'secret', connection: { ok: true, kind: 'digits' } });
  let [status, asked] = [200, 0];
  globalThis.fetch = async () => {
    asked += 1;
    return new Response('{"control_enabled": true, "authorized": true}', { status });
  };
  const lookUntil = async (isSo) => {
    for (let poll = 0; !isSo(); poll += 1) {
      assert.ok(poll < 10_000);
      store.set({ connection: { ...store.state.connection } });
      await new Promise((resolve) => { setImmediate(resolve); });
    }
  };
  watch(store);
  await lookUntil(() => store.state.control !== null);
  const { control } = store.state;
  status = 503;
  const before = asked;
  await lookUntil(() => asked >= before + 3); // a request begins once the one before it is over
  assert.equal(store.state.control, control);
  status = 404;
  await lookUntil(() => store.state.control === null);
});
