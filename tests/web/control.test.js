import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLog, settings } from '../../web/core/contract.js';
import { estimateOf, estimateText } from '../../web/control/estimate.js';
import { settingsOf } from '../../web/control/settings-of.js';
import { lineOf, planOf } from '../../web/control/schedule.js';
import { PAUSE_RULES, isRuleOn, presentLrWarning, isOutdated, logTailOf, resumeProblemOf, parseControl, possible } from '../../web/control/state.js';
import { plotOf } from '../../web/charts/plot.js';
import { robustRange } from '../../web/charts/range.js';
import { prepare } from '../../web/charts/series.js';
import { tokenOf, withoutToken } from '../../web/core/token.js';
import { HOSTILE } from './hostile.js';

const CONTROL = { control_enabled: true, authorized: true, running: false, resumable: false, free_bytes: 5e9, last_words: ['a', 'b'], exit_code: null };
const LOG = { phase: 'training' };

test('the token is removed from the URL, and the rest stays', () => {
  for (const [hash, token, rest] of [
    ['', null, ''],
    ['#token=a-b_c', 'a-b_c', ''],
    ['#run=x.1&token=t&with=a,b', 't', '#run=x.1&with=a,b'],
    ['#token=t&x=time', 't', '#x=time'],
    ['#mytoken=t', null, '#mytoken=t'],
    ['#token=', '', ''],
  ]) assert.deepEqual([tokenOf(hash), withoutToken(hash)], [token, rest], hash);
});

test('any response is parsed to a state or null', () => {
  for (const value of HOSTILE) {
    assert.equal(parseControl(value), null);
    const fields = Object.fromEntries(Object.keys(CONTROL).map((key) => [key, value]));
    const { logTail, freeBytes, exitCode } = parseControl({ ...fields, control_enabled: true });
    assert.ok(logTail.every((line) => typeof line === 'string' && line.length <= 500) && logTail.length <= 20);
    for (const known of [freeBytes, exitCode]) assert.ok(known === null || Number.isFinite(known));
  }
  assert.equal(parseControl({ ...CONTROL, control_enabled: false }), null);
});

const MAY = (changes, state = {}) => possible({
  control: parseControl({ ...CONTROL, ...changes }), log: LOG, liveness: 'completed', shown: null, connection: { ok: true }, ...state,
});

test('a live run can be controlled, and no other started', () => {
  const { isLive, mayAct, start, resume } = MAY({ running: true }, { liveness: 'running' });
  assert.deepEqual([isLive, mayAct, start, resume], [true, true, false, false]);
  assert.equal(MAY({}, { liveness: 'running', log: { phase: 'loading data' } }).mayAct, true);
  assert.equal(MAY({}, { liveness: 'running', log: { phase: 'testing' } }).mayAct, false);
  assert.equal(MAY({}, { liveness: 'stalled', log: { phase: 'paused' } }).isPaused, true);
  assert.equal(MAY({ running: true }, { liveness: 'running', shown: 'earlier' }).isLive, false);
});

test('without a live run one can be started, or resumed if possible', () => {
  assert.deepEqual([MAY({}).start, MAY({}).resume, MAY({ resumable: true }).resume], [true, false, true]);
  assert.equal(MAY({ resumable: true }, { shown: 'earlier' }).resume, false);
  assert.equal(MAY({ running: true }).start, false, 'it has been started, and has written nothing yet');
  assert.equal(MAY({}, { log: null, liveness: null }).start, true);
});

test('the rules by which a run pauses itself are read from its settings', () => {
  const log = parseLog({ config: { pause_each_epoch: true, pause_on_fall: false } });
  assert.deepEqual(Object.keys(PAUSE_RULES).map((rule) => isRuleOn(log, rule)), [true, false]);
  assert.equal(isRuleOn(parseLog({ config: {} }), 'pause_on_fall'), null, 'a trainer that has no such rule');
});

test('without authorization there are no controls', () => {
  const nothing = possible({ control: null, log: LOG, liveness: 'running', shown: null, connection: { ok: true } });
  assert.deepEqual([nothing.isLive, nothing.start, nothing.resume], [false, false, false]);
});

test('a token that the server rejects is outdated', () => {
  const outdated = (changes) => isOutdated({ control: parseControl({ ...CONTROL, ...changes }) });
  assert.deepEqual([{}, { authorized: false }, { authorized: undefined }, { control_enabled: false }].map(outdated), [false, true, true, false]);
  assert.equal(isOutdated({ control: null }), false, 'not asked yet');
});

test('a failed trainer is reported, a completed one is not', () => {
  const tailOf = (changes, state) => logTailOf({ control: parseControl({ ...CONTROL, ...changes }), liveness: 'completed', shown: null, ...state });
  for (const exit of [null, 0, 130, 143]) assert.equal(tailOf({ exit_code: exit }), null);
  assert.match(tailOf({ exit_code: 137 }).end, /killed.*memory/);
  assert.match(tailOf({ exit_code: 1, last_words: [] }).end, /exit code 1\./);
  assert.deepEqual(tailOf({}, { liveness: 'crashed' }).lines, ['a', 'b'], 'another server had started it');
  assert.equal(tailOf({ last_words: [] }, { liveness: 'crashed' }), null, 'it was started in a terminal');
  for (const state of [{ shown: 'earlier' }, { liveness: 'running' }]) assert.equal(tailOf({ exit_code: state.shown ? 1 : null }, state), null);
  assert.equal(tailOf({ exit_code: 1, running: true }), null, 'the next one runs');
});

test('the reason why a run is not resumable takes the place of Resume', () => {
  const problemFor = (changes, state) => resumeProblemOf({ control: parseControl({ ...CONTROL, not_resumable: 'No checkpoint.', ...changes }), liveness: 'crashed', shown: null, ...state });
  assert.equal(problemFor({}), 'No checkpoint.');
  for (const state of [{ shown: 'earlier' }, { liveness: 'paused' }, { control: null }]) assert.equal(problemFor({}, state), '');
  assert.equal(problemFor({ running: true }), '');
  assert.equal(problemFor({ not_resumable: null }), '');
});

test('a learning rate far above the current one needs confirmation', () => {
  const log = parseLog({ config: { lr: 0.01 }, batches: { step: [1, 2], lr: [0.006, null] } });
  assert.equal(presentLrWarning(log, 5), '5 is 833 times the present learning rate, 0.006: training may diverge.');
  for (const usual of [0.06, 0.006, 0.0001, NaN]) assert.equal(presentLrWarning(log, usual), '');
  const early = parseLog({ config: { lr: 0.01 } });
  assert.match(presentLrWarning(early, 5), /500 times/, 'before the first batch the rate of the options counts');
  assert.equal(presentLrWarning(parseLog({}), 5), '', 'the present one is unknown');
});

test('the curve of a schedule has its corners, however long the run', () => {
  for (const total of [1, 2, 7, 4300, 1_000_000]) {
    const plan = { lr: 0.1, warmupSteps: Math.floor(total / 40), cooldown: 0.3, total };
    const line = lineOf(plan);
    assert.ok(line.length <= 246 && line[0][0] === 0 && line.at(-1)[0] === total);
    assert.equal(line.at(-1)[1], 0);
    if (plan.warmupSteps) assert.equal(Math.max(...line.map(([, rate]) => rate)), 0.1);
  }
  assert.equal(planOf({}), null);
  assert.equal(planOf({ lr: 0.1, warmup_steps: 0, cooldown: 0, epochs: 1, steps: 0, batch_size: 1, train_limit: 0, validation: 60_000 }), null);
});

test('a rejected command is listed and not marked on charts', () => {
  const kinds = ['paused', 'continued', 'stopped', 'snapshot', 'epochs changed', 'lr changed', 'refused'];
  const events = kinds.map((kind, at) => ({ step: 10 * (at + 1), kind, text: kind, request: `r${at}` }));
  const step = Array.from({ length: 100 }, (_, row) => row + 1);
  const log = parseLog({ status: 'running', events, batches: { step, loss: step.map((at) => 1 / at), lr: step.map((at) => (at < 50 ? 1 : 2)) } });
  const curves = prepare(log, 'step');
  assert.deepEqual(curves.events.map(({ kind }) => kind), kinds, 'and the page adds no guess of its own about the rate');
  const marks = plotOf(curves, { key: 'loss', range: robustRange }, null, { width: 900, height: 300 }).events;
  assert.deepEqual(marks.map(({ kind }) => kind), kinds.slice(0, -1));
  assert.equal(log.events[6].request, 'r6');
});

const SCHEMA = {
  options: [
    { name: 'preset', default: 'default' }, { name: 'model', default: 'cnn4-quick' }, { name: 'optimizer', default: 'adamw' },
    { name: 'channels', default: null }, { name: 'lr', default: null }, { name: 'epochs', default: 10 }, { name: 'seed', default: 1 },
    { name: 'synthetic_ratio', default: 0.03, before: 0 }, { name: 'pause_on_fall', default: false }, { name: 'name', default: null },
  ],
  presets: { default: { options: { channels: [24, 48, 96, 128] } }, fast: { options: { model: 'cnn4-strided', epochs: 1, lr: 0.02 } } },
  models: { 'cnn4-quick': { channels: [32, 64, 96, 128] }, 'cnn4-strided': { channels: [16, 32, 64, 64] }, tiny: { channels: [8, 8] } },
  default_lr: { adamw: 0.006, sgd: 0.1 },
  owner: { channels: 'model', lr: 'optimizer' },
};
const DEFAULT_RUN = {
  preset: 'default', model: 'cnn4-quick', optimizer: 'adamw', channels: [24, 48, 96, 128], lr: 0.006, epochs: 10, seed: 1,
  synthetic_ratio: 0.03, pause_on_fall: false, name: 'cnn4-quick',
};

test('the settings of a run are the options that differ from their defaults', () => {
  for (const [changes, expected] of [
    [{}, {}],
    [{ seed: 3, epochs: 2, name: 'cnn4-quick, seed 3, epochs 2' }, { seed: 3, epochs: 2 }],
    [{ name: 'mine' }, { name: 'mine' }],
    [{ pause_on_fall: true, keep_runs: 5, results_dir: '/tmp' }, { pause_on_fall: true }],
    [{ model: 'tiny', channels: [8, 8], name: 'tiny' }, { model: 'tiny' }],
    [{ optimizer: 'sgd', lr: 0.1 }, { optimizer: 'sgd' }],
    [{ optimizer: 'sgd', lr: 0.2 }, { optimizer: 'sgd', lr: 0.2 }],
    [{ preset: 'fast', model: 'cnn4-strided', channels: [16, 32, 64, 64], epochs: 1, lr: 0.02, name: 'cnn4-strided, fast' }, { preset: 'fast' }],
    [{ synthetic_ratio: undefined }, { synthetic_ratio: 0 }],
  ]) assert.deepEqual(settingsOf(SCHEMA, { ...DEFAULT_RUN, ...changes }), expected, JSON.stringify(changes));
});

test('the queue of the server is parsed', () => {
  const queue = { runs: [{ id: 'a1', name: 'x' }, 5, null], failures: [{ id: 'b', name: 'y', reason: 'Exit code 1.' }] };
  assert.deepEqual(parseControl({ ...CONTROL, queue }).queue.failures, [{ id: 'b', name: 'y', reason: 'Exit code 1.' }]);
  assert.deepEqual(parseControl(CONTROL).queue, { runs: [], failures: [] });
});

test('a run can be queued while another one is trained, and repeated once it has ended', () => {
  const { start, queue, again } = MAY({ running: true }, { liveness: 'running' });
  assert.deepEqual([start, queue, again], [false, true, false]);
  assert.equal(MAY({ running: true }, { liveness: 'completed', shown: 'earlier' }).again, true);
  assert.equal(MAY({}).again, true);
});

test('the time of a run is estimated from the latest run of its network, of the same preset first', () => {
  const values = { ...DEFAULT_RUN, device: 'auto', threads: 0, warmup_steps: 200, cooldown: 0.8, steps: 0, batch_size: 128, train_limit: 0, validation: 5000 };
  const runOf = (name, changes, seconds, epochs = 10) => ({ name, seconds, epochs, config: settings({ ...values, ...changes }) });
  const runs = [
    runOf('another network', { model: 'tiny' }, 1), runOf('another preset', { preset: 'fast' }, 220), runOf('too short', {}, 0.5),
    runOf('the same', {}, 110), runOf('before', {}, 100), runOf('without an epoch', {}, 50, 0),
  ];
  const found = estimateOf(runs, { ...values, epochs: 5 });
  assert.equal(found.run.name, 'the same');
  assert.ok(Math.abs(found.seconds - 55) < 0.1, String(found.seconds));
  assert.equal(estimateOf(runs.slice(0, 2), values).run.name, 'another preset');
  assert.equal(estimateOf(runs, { ...values, channels: [8, 8, 8, 8] }), null);
  assert.equal(estimateText(runs, values), 'Takes about 1\u00a0min 50\u00a0s, at the speed of “the same”.');
  assert.match(estimateText([], values), /after a first run/);
});
