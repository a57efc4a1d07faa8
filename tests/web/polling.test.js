import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condition, delay, isNews, runOf } from '../../web/polling.js';

const DATE = 'Fri, 20 Nov 2026 12:00:10 GMT';

test('a visible page looks at its interval, a hidden one every half minute', () => {
  assert.equal(delay({ interval: 3, hidden: false, failures: 0 }), 3);
  assert.equal(delay({ interval: 3, hidden: true, failures: 0 }), 30);
  assert.equal(delay({ interval: 30, hidden: true, failures: 0 }), 30);
});

test('while nobody answers the page asks more and more slowly, but never gives up', () => {
  const delays = [1, 2, 3, 4, 50].map((failures) => delay({ interval: 3, hidden: false, failures }));
  assert.deepEqual(delays, [3, 6, 12, 15, 15]);
  assert.equal(delay({ interval: 30, hidden: false, failures: 5 }), 30);
});

test('an ETag is trusted at once', () => {
  assert.deepEqual(condition({ etag: '"a"', modified: DATE, date: DATE }), { 'If-None-Match': '"a"' });
});

test('whole-second file times are trusted only when they are two seconds old', () => {
  const modified = (second) => `Fri, 20 Nov 2026 12:00:${second} GMT`;
  assert.deepEqual(condition({ etag: null, modified: modified('08'), date: DATE }), { 'If-Modified-Since': modified('08') });
  assert.deepEqual(condition({ etag: null, modified: modified('09'), date: DATE }), {});
  assert.deepEqual(condition({ etag: null, modified: null, date: null }), {});
});

test('the log is read when the status speaks of another run or a later moment', () => {
  const log = { runId: 'a', updatedAt: 5 };
  assert.equal(isNews({ runId: 'a', updatedAt: 5 }, log), false);
  assert.equal(isNews({ runId: 'a', updatedAt: 6 }, log), true);
  assert.equal(isNews({ runId: 'b', updatedAt: 5 }, log), true);
  assert.equal(isNews({ runId: 'a', updatedAt: 5 }, null), true);
});

test('an address may ask for an earlier run', () => {
  assert.equal(runOf('#run=20261120-120000-ab12'), '20261120-120000-ab12');
  for (const hash of ['', '#', '#else', '#run=']) assert.equal(runOf(hash), null);
});
