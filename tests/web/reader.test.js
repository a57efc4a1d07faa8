import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createReader } from '../../web/reader.js';

const files = new Map(); // url -> {text, headers}
let asked = []; // [url, the headers of the question]

beforeEach(() => {
  files.clear();
  asked = [];
  globalThis.fetch = async (url, { headers = {} }) => {
    asked.push([url, headers]);
    const file = files.get(url);
    if (!file) return new Response('', { status: 404 });
    if (headers['If-Modified-Since'] === file.headers['Last-Modified']) return new Response(null, { status: 304 });
    return new Response(file.text, { headers: file.headers });
  };
});

const put = (url, text, modified = '08', date = '09') => files.set(url, {
  text, headers: { 'Last-Modified': `Fri, 20 Nov 2026 12:00:${modified} GMT`, Date: `Fri, 20 Nov 2026 12:00:${date} GMT` },
});

test('a server that knows only whole seconds is asked under a condition once a file has settled', async () => {
  const read = createReader();
  put('log', '{"a": 1}');
  const { value } = await read('log');
  put('log', '{"a": 1}', '08', '12');
  assert.equal((await read('log')).value, value, 'the very same');
  assert.equal((await read('log')).value, value);
  const conditions = asked.map(([, headers]) => headers['If-Modified-Since']);
  assert.deepEqual(conditions, [undefined, undefined, 'Fri, 20 Nov 2026 12:00:08 GMT']);
});

test('half a file keeps what was read before', async () => {
  const read = createReader();
  put('log', '{"a": 1}');
  const { value } = await read('log');
  put('log', '{"a": ');
  assert.equal((await read('log')).value, value);
});

test('of many files those are forgotten that were read longest ago', async () => {
  const read = createReader();
  put('live', '[]', '01');
  const { value } = await read('live');
  for (let run = 0; run < 30; run += 1) {
    put(`run ${run}`, '[]', '01');
    await read(`run ${run}`);
    assert.equal((await read('live')).value, value);
  }
  await read('run 29');
  await read('run 0');
  const conditions = asked.slice(-2).map(([, headers]) => 'If-Modified-Since' in headers);
  assert.deepEqual(conditions, [true, false]);
});
