import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condition, delay, isNews } from '../../web/core/polling.js';

const DATE = 'Fri, 20 Nov 2026 12:00:10 GMT';

test('a visible page polls at its interval, a hidden one every half minute', () => {
  assert.equal(delay({ interval: 3, hidden: false, failures: 0 }), 3);
  assert.equal(delay({ interval: 3, hidden: true, failures: 0 }), 30);
  assert.equal(delay({ interval: 30, hidden: true, failures: 0 }), 30);
});

test('the first epoch is polled each second', () => {
  assert.equal(delay({ interval: 3, hidden: false, failures: 0, isFirst: true }), 1);
  assert.equal(delay({ interval: 1, hidden: false, failures: 0, isFirst: true }), 1);
  assert.equal(delay({ interval: 3, hidden: true, failures: 0, isFirst: true }), 30);
  assert.equal(delay({ interval: 3, hidden: false, failures: 5, isFirst: true }), 15);
});

test('without a response the page polls with backoff, and never gives up', () => {
  const delays = [1, 2, 3, 4, 50].map((failures) => delay({ interval: 3, hidden: false, failures }));
  assert.deepEqual(delays, [3, 6, 12, 15, 15]);
  assert.equal(delay({ interval: 30, hidden: false, failures: 5 }), 30);
});

test('an ETag is trusted immediately', () => {
  assert.deepEqual(condition({ etag: '"a"', modified: DATE, date: DATE }), { 'If-None-Match': '"a"' });
});

test('file times with a resolution of one second are trusted only when they are two seconds old', () => {
  const modified = (second) => `Fri, 20 Nov 2026 12:00:${second} GMT`;
  assert.deepEqual(condition({ etag: null, modified: modified('08'), date: DATE }), { 'If-Modified-Since': modified('08') });
  assert.deepEqual(condition({ etag: null, modified: modified('09'), date: DATE }), {});
  assert.deepEqual(condition({ etag: null, modified: null, date: null }), {});
});

test('a file is read if the server has another version or none', () => {
  const read = new Map([['log', '"1"'], ['gone', null]]);
  const isRead = (file, etags) => isNews(file, new Map(etags), read);
  assert.equal(isRead('log', [['log', '"1"']]), false);
  assert.equal(isRead('gone', [['gone', null]]), false);
  assert.equal(isRead('log', [['log', '"2"']]), true);
  assert.equal(isRead('log', [['log', null]]), true, 'it has been deleted');
  assert.equal(isRead('log', []), true, 'a server that tells no versions');
  assert.equal(isRead('new', [['new', '"1"']]), true);
});
