import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseControl, possible } from '../../web/control/state.js';
import { tokenOf, withoutToken } from '../../web/token.js';
import { HOSTILE } from './hostile.js';

const CONTROL = { allowed: true, running: false, resumable: false, free_bytes: 5e9, last_words: ['a', 'b'], exit: null };
const LOG = { phase: 'training' };

test('the token is taken out of an address, and its other parts stay as they were', () => {
  for (const [hash, token, rest] of [
    ['', null, ''],
    ['#token=a-b_c', 'a-b_c', ''],
    ['#run=x.1&token=t&with=a,b', 't', '#run=x.1&with=a,b'],
    ['#token=t&x=time', 't', '#x=time'],
    ['#mytoken=t', null, '#mytoken=t'],
    ['#token=', '', ''],
  ]) assert.deepEqual([tokenOf(hash), withoutToken(hash)], [token, rest], hash);
});

test('whatever answers, what comes out is a state or nothing', () => {
  for (const value of HOSTILE) {
    assert.equal(parseControl(value), null);
    const fields = Object.fromEntries(Object.keys(CONTROL).map((key) => [key, value]));
    const { lastWords, freeBytes, exit } = parseControl({ ...fields, allowed: true });
    assert.ok(lastWords.every((line) => typeof line === 'string' && line.length <= 500) && lastWords.length <= 20);
    for (const known of [freeBytes, exit]) assert.ok(known === null || Number.isFinite(known));
  }
  assert.equal(parseControl({ ...CONTROL, allowed: false }), null);
});

const MAY = (changes, state = {}) => possible({
  control: parseControl({ ...CONTROL, ...changes }), log: LOG, liveness: 'completed', shown: null, ...state,
});

test('a run that lives is steered, and none begun beside it', () => {
  const { steer, isHeeded, start, resume } = MAY({ running: true }, { liveness: 'running' });
  assert.deepEqual([steer, isHeeded, start, resume], [true, true, false, false]);
  assert.equal(MAY({}, { liveness: 'running', log: { phase: 'loading data' } }).isHeeded, false);
  assert.equal(MAY({}, { liveness: 'stalled', log: { phase: 'paused' } }).isPaused, true);
  assert.equal(MAY({ running: true }, { liveness: 'running', shown: 'earlier' }).steer, false);
});

test('where nothing runs one is begun, and resumed where that can be', () => {
  assert.deepEqual([MAY({}).start, MAY({}).resume, MAY({ resumable: true }).resume], [true, false, true]);
  assert.equal(MAY({ resumable: true }, { shown: 'earlier' }).resume, false);
  assert.equal(MAY({ running: true }).start, false, 'it has been started, and has written nothing yet');
  assert.equal(MAY({}, { log: null, liveness: null }).start, true);
});

test('without leave there is nothing', () => {
  const nothing = possible({ control: null, log: LOG, liveness: 'running', shown: null });
  assert.deepEqual([nothing.steer, nothing.start, nothing.resume], [false, false, false]);
});
