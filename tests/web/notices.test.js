import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { noticesOf } from '../../web/views/notices.js';
import { INITIAL } from '../../web/core/store.js';

const LOG = parseLog({ run_id: 'a', status: 'running', updated_at: '2026-11-20T12:00:00Z', batches: { step: [1], loss: [2.5] } });
const notices = (state) => noticesOf({ ...INITIAL, log: LOG, liveness: 'running', ...state });

test('one failure is one notice, whichever sources report it', () => {
  const logTail = { end: 'The trainer was killed: the machine may have run out of memory.', lines: ['a', 'b'] };
  const [crash, ...more] = notices({ liveness: 'crashed', logTail, resumeProblem: 'No checkpoint had been saved yet.' });
  assert.deepEqual([crash.kind, crash.title, crash.lines, more], ['bad', 'The run crashed.', ['a', 'b'], []]);
  assert.match(crash.text, /Last log entry.*can’t be resumed here\. No checkpoint.*was killed.*Last output/);
  const events = [{ kind: 'diverged', step: 6, text: 'The loss was not finite at step 6.' }];
  const diverged = parseLog({ status: 'failed', error: 'The loss was not finite.', events, batches: { step: [1], loss: [2.5] } });
  const found = notices({ log: diverged, liveness: 'failed', logTail: { end: 'The trainer ended with exit code 3.', lines: [] } });
  assert.equal(found.length, 1);
  assert.match(found[0].text, /at step 6\. The last finite training loss was 2\.500\. The trainer ended with exit code 3\. It printed nothing\./);
});

test('a trainer that ended with an error before it had a log has a notice', () => {
  const [found, ...more] = notices({ log: null, liveness: null, logTail: { end: 'The trainer ended with exit code 1.', lines: ['why'] } });
  assert.deepEqual([found.kind, found.lines, more], ['bad', ['why'], []]);
});

test('a live or completed run has no notice, an unfinished one says what is saved, and why it is not resumable', () => {
  for (const liveness of ['running', 'paused', 'stalled', 'completed']) assert.deepEqual(notices({ liveness }), []);
  const [found] = notices({ liveness: 'stopped', resumeProblem: 'No checkpoint had been saved yet.' });
  assert.deepEqual([found.kind, found.title, found.isEnd], ['info', 'The run was stopped', true]);
  assert.match(found.text, /^at .*, on request\. It can’t be resumed here\. No checkpoint had been saved yet\.$/);
  const files = ['checkpoint.pth', 'network.json'];
  const log = parseLog({ run_id: 'a', files, progress: { step: 1720 }, epochs: { epoch: [1, 2] } });
  const [end] = notices({ log, liveness: 'interrupted' });
  assert.match(end.text, /Saved: the curves up to step 1,720, the network after epoch 2, a checkpoint to resume from\.$/);
});

test('the link back from an earlier run mentions a live run only if there is one', () => {
  const runs = [{ path: '', status: 'running' }, { path: 'runs/b/' }];
  const link = (state) => notices({ shown: 'b', liveness: 'completed', runs, ...state })[0].link;
  for (const liveness of ['running', 'paused', 'stalled']) assert.equal(link({ live: { runId: 'a', liveness } }), 'Show the live run');
  for (const liveness of ['completed', 'crashed']) assert.equal(link({ live: { runId: 'a', liveness } }), 'Show the latest run');
  assert.equal(link({ live: null }), 'Show the latest run');
  assert.equal(link({ live: null, runs: runs.slice(1) }), null);
});

test('a drop of accuracy has a notice', () => {
  const log = parseLog({ epochs: { epoch: [1, 2], step: [10, 20], val_accuracy: [0.9766, 0.0988] } });
  const [found] = notices({ log });
  assert.deepEqual([found.kind, found.title], ['warn', 'Accuracy fell.']);
  assert.match(found.text, /from 97\.66.* after epoch 1 to 9\.88.* after epoch 2/);
});
