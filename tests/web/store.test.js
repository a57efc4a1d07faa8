import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStore } from '../../web/core/store.js';

test('a listener is called immediately, then only for keys that changed', () => {
  const store = createStore({ a: 1, b: 1 });
  const seen = [];
  store.on(['a'], ({ a }) => seen.push(a));
  store.set({ b: 2 });
  store.set({ a: 1 });
  store.set({ a: 3, b: 3 });
  assert.deepEqual(seen, [1, 3]);
  assert.deepEqual(store.state, { a: 3, b: 3 });
});
