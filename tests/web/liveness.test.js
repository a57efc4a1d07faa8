import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { describe, doneOf, isAlive, livenessOf } from '../../web/core/status.js';

const BEAT = '2026-11-20T12:00:00.000Z';
const log = (fields = {}) => parseLog({ status: 'running', updated_at: BEAT, ...fields });
const after = (seconds) => Date.parse(BEAT) + seconds * 1000;
const connection = { ok: true, kind: 'files', seenAt: after(0) };

test('without our server a run is called stalled once its heartbeat is silent for 15 s', () => {
  assert.equal(livenessOf(log(), { now: after(15) }), 'running');
  assert.equal(livenessOf(log(), { now: after(16) }), 'stalled');
  assert.equal(livenessOf(log({ updated_at: 'never' }), { now: after(0) }), 'stalled');
  assert.equal(livenessOf(log(), { now: null }), 'running', 'a server without a clock tells nothing');
});

const CASES = JSON.parse(readFileSync(new URL('../fixtures/liveness.json', import.meta.url), 'utf8')); // the server's tests read it, too
for (const { what, status = 'running', phase = 'training', silent_s: silent, written_s: written = 0, server, page, earlier } of CASES) {
  test(`${what} has the status of the table`, () => {
    const beat = silent === null ? null : new Date(after(-silent)).toISOString();
    const given = parseLog({ status, phase, updated_at: beat }, after(-written));
    assert.equal(livenessOf(given, { now: after(0) }), page);
    assert.equal(livenessOf(given, { reported: server, now: after(0) }), server);
    assert.equal(livenessOf(given, { isEarlier: true }), earlier);
    assert.equal(isAlive(server), ['running', 'paused', 'stalled'].includes(server));
  });
}

test("the server's status takes precedence", () => {
  assert.equal(livenessOf(log(), { reported: 'crashed', now: after(1) }), 'crashed');
  assert.equal(livenessOf(log({ status: 'completed' }), { reported: 'running' }), 'completed');
});

test('an earlier run that never ended has crashed', () => {
  assert.equal(livenessOf(log(), { isEarlier: true }), 'crashed');
});

test('without our server a stall and a crash are not distinguished', () => {
  const plain = describe({ log: log(), liveness: 'stalled', connection });
  assert.match(plain.detail, /no heartbeat since .*; it may have crashed/);
  const ours = describe({ log: log(), liveness: 'stalled', connection: { ...connection, kind: 'digits' } });
  assert.match(ours.detail, /the process still exists/);
});

test('a lost server is shown as disconnected whatever the run was doing', () => {
  const { kind, word, detail } = describe({ log: log(), liveness: 'running', connection: { ...connection, ok: false } });
  assert.deepEqual([kind, word], ['disconnected', 'Disconnected']);
  assert.match(detail, /^no answer since .*, retrying$/);
});

test('every status has a label and a sentence', () => {
  for (const liveness of ['running', 'stalled', 'crashed', 'stopped', 'interrupted', 'failed', 'completed']) {
    const { word, detail } = describe({ log: log({ phase: 'training', error: 'Out of memory.' }), liveness, connection });
    assert.equal(word.toLowerCase(), liveness);
    assert.ok(detail);
  }
  assert.equal(describe({ log: null, liveness: null, connection }).word, 'Waiting');
});

test('a slow connection is reported, with the names of the files being loaded', () => {
  const detailOf = (changes) => describe({ log: log({ phase: 'training' }), liveness: 'running', connection: { ...connection, ...changes } }).detail;
  assert.equal(detailOf({ isSlow: true }), 'training · slow connection');
  const loading = ['results/test_samples.json', 'results/runs/x/predictions.json'];
  assert.equal(detailOf({ loading }), 'training · slow connection: loading test samples, predictions');
  assert.doesNotMatch(detailOf({ ok: false, loading }), /slow/);
});

test('a pause is shown with its start, without time left', () => {
  const events = [{ kind: 'paused', time: '2020-11-20T12:03:59Z' }, { kind: 'continued', time: BEAT }, { kind: 'paused', time: BEAT }];
  const { kind, word, detail } = describe({ log: log({ phase: 'paused', events }), liveness: 'paused', connection });
  assert.equal(kind, 'paused');
  assert.match(word, /^Paused since (20 Nov 2026, )?\d\d:\d\d$/);
  assert.equal(detail, '');
  assert.equal(describe({ log: log({ phase: 'paused' }), liveness: 'paused', connection }).word, 'Paused');
});

test('progress is a fraction, 1 at the end, unknown without totals', () => {
  assert.equal(doneOf(log({ progress: { step: 50, steps: 200 } })), 0.25);
  assert.equal(doneOf(log({ progress: { step: 500, steps: 200 } })), 1);
  assert.equal(doneOf(log({ status: 'completed' })), 1);
  assert.equal(doneOf(log()), null);
});
