import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Unreachable, ask, askEarly, createReader, endOpening, serverKind, watchSlow } from '../../web/core/reader.js';

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

test('a server with whole-second file times gets conditional requests once a file has settled', async () => {
  const read = createReader();
  put('log', '{"a": 1}');
  const { value } = await read('log');
  put('log', '{"a": 1}', '08', '12');
  assert.equal((await read('log')).value, value, 'the very same');
  assert.equal((await read('log')).value, value);
  const conditions = asked.map(([, headers]) => headers['If-Modified-Since']);
  assert.deepEqual(conditions, [undefined, undefined, 'Fri, 20 Nov 2026 12:00:08 GMT']);
});

test('a truncated file keeps the last content', async () => {
  const read = createReader();
  put('log', '{"a": 1}');
  const { value } = await read('log');
  put('log', '{"a": ');
  assert.equal((await read('log')).value, value);
});

test('the least recently read files are evicted', async () => {
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

/** A fetch whose answers come byte by byte: send(url, text), and end(url); `gone` tells of those that were given up. */
function slowly() {
  const [bodies, gone] = [new Map(), []];
  globalThis.fetch = async (url, { signal }) => new Response(new ReadableStream({
    start(body) {
      bodies.set(url, body);
      signal.addEventListener('abort', () => {
        gone.push(url);
        body.error(signal.reason);
      });
    },
  }));
  const send = (url, text) => bodies.get(url).enqueue(new TextEncoder().encode(text));
  return { send, end: (url) => bodies.get(url).close(), gone };
}

const settled = () => new Promise((resolve) => { setImmediate(resolve); });

/** Time goes on in steps of five seconds, `each` before every one. */
async function wait(context, seconds, each = () => {}) {
  for (let at = 0; at < seconds; at += 5) {
    each();
    await settled();
    context.mock.timers.tick(5000);
    await settled();
  }
}

test('a response does not time out while bytes arrive', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { send, end, gone } = slowly();
  const reading = createReader()('long');
  await settled();
  send('long', '["é"');
  await wait(context, 300, () => send('long', ', 1'));
  send('long', ']');
  end('long');
  assert.deepEqual((await reading).value, ['é', ...Array(60).fill(1)]);
  assert.deepEqual(gone, []);
});

test('a response that is queued behind another does not time out either', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { send, end, gone } = slowly();
  const read = createReader();
  const [first, second] = [read('first'), read('second')];
  await settled();
  send('first', '[0');
  await wait(context, 300, () => send('first', ', 1'));
  assert.deepEqual(gone, []);
  for (const url of ['first', 'second']) {
    send(url, url === 'first' ? ']' : '[2]');
    end(url);
  }
  assert.equal((await first).value.length, 61);
  assert.deepEqual((await second).value, [2]);
});

test('a silent server is unreachable, before or within its response', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { send, gone } = slowly();
  const reading = assert.rejects(createReader()('half'), Unreachable);
  await settled();
  send('half', '[1, ');
  await wait(context, 60);
  await reading;
  assert.deepEqual(gone, ['half']);
  globalThis.fetch = (url, { signal }) => new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  const never = assert.rejects(createReader()('none'), Unreachable);
  await wait(context, 60);
  await never;
});

test('a request that was sent early is not sent again, but the one after it is', async () => {
  const read = createReader();
  put('log', '{"a": 1}');
  const early = await askEarly('log');
  put('log', '{"a": 2}');
  await ask('log', { method: 'HEAD' });
  assert.equal(asked.length, 2, 'another method is another request');
  assert.deepEqual((await read('log')).value, JSON.parse(early.text));
  assert.equal(asked.length, 2);
  assert.deepEqual((await read('log')).value, { a: 2 });
});

test('a file that takes longer than a second to load is named until it has arrived', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { send, end } = slowly();
  const calls = [];
  watchSlow((urls) => calls.push(urls));
  const read = createReader();
  const [quick, late] = [read('quick'), read('late')];
  await settled();
  send('quick', '1');
  end('quick');
  await quick;
  await wait(context, 5);
  send('late', '2');
  end('late');
  await late;
  assert.deepEqual(calls, [['late'], []]);
});

test('an early response that the first poll did not take is never used later', async () => {
  put('log', '{"a": 1}');
  await askEarly('log');
  const late = askEarly('runs');
  endOpening();
  await late;
  await askEarly('status');
  for (const url of ['log', 'runs', 'status']) {
    put(url, '{"a": 2}');
    assert.deepEqual((await createReader()(url)).value, { a: 2 });
  }
});

test('this project\'s server is recognized behind a proxy that puts its own name into Server', async () => {
  const kindOf = (headers) => serverKind(async () => ({ headers: new Headers(headers) }));
  assert.equal(await kindOf({ Server: 'digits' }), 'digits');
  assert.equal(await kindOf({ Server: 'nginx', 'X-Server': 'digits' }), 'digits');
  assert.equal(await kindOf({ Server: 'nginx' }), 'files');
  assert.equal(await kindOf({ Server: 'nginx', 'X-Server': 'other digits' }), 'files');
  assert.equal(await kindOf({}), 'files');
});
