/** A page without a server of ours: what it asks for. */

import assert from 'node:assert/strict';
import test from 'node:test';

globalThis.document = /** @type {any} */ ({ documentElement: { dataset: { site: 'published' } }, addEventListener() {}, hidden: false });
globalThis.window = /** @type {any} */ ({ addEventListener() {} });

test('a published page knows without a request that no server of ours answers', async () => {
  const { serverKind } = await import('../../web/core/reader.js');
  assert.equal(await serverKind(() => assert.fail('a request')), 'published');
});

test('a published page reads its run once, and again only when another one is chosen', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { createPoller } = await import('../../web/core/poller.js');
  const { INITIAL, createStore } = await import('../../web/core/store.js');
  let reads = 0;
  const read = async () => {
    reads += 1;
    return { missing: true, value: undefined, date: null, written: null };
  };
  const poller = createPoller(createStore(INITIAL), read, async () => 'published');
  await poller.poll();
  const once = reads;
  assert.ok(once > 0);
  t.mock.timers.tick(600_000);
  await Promise.resolve();
  assert.equal(reads, once);
  await poller.poll();
  assert.ok(reads > once);
});
