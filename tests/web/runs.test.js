import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIST, addListOptions, listOptionsOf } from '../../web/core/list-options.js';
import { parseRuns } from '../../web/core/run-list.js';
import { fieldsOf, findField, spread } from '../../web/runs/fields.js';
import { bySeed, differing, groupsOf, marksOf } from '../../web/runs/groups.js';
import { listingOf, summaryOf } from '../../web/runs/listing.js';
import { parseSearch } from '../../web/runs/search.js';
import { changed, numbersOf, pruned } from '../../web/runs/slots.js';
import { HOSTILE } from './hostile.js';

const entry = (run_id, given = {}) => ({ run_id, path: `runs/${run_id}/`, status: 'completed', dataset: 'mnist', ...given });
const RUNS = parseRuns({ runs: [
  entry('live', { path: '', name: 'tiny net, seed 2', status: 'failed', started_at: '2026-11-26T10:00', config: { model: 'tiny', lr: 0.02, seed: 2 }, model: 'tiny' }),
  entry('a1', { name: 'wide', model: 'cnn4', seconds: 40, test_accuracy: 0.9815, started_at: '2026-11-25T10:00', config: { model: 'cnn4', lr: 0.006, seed: 1 }, metrics: { val_loss: 0.05 } }),
  entry('a2', { name: 'wide, seed 2', model: 'cnn4', seconds: 130, test_accuracy: 0.9821, started_at: '2026-11-24T10:00', config: { model: 'cnn4', lr: 0.006, seed: 2 }, metrics: { val_loss: 0.04 }, pinned: true }),
  entry('b1', { name: 'no dropout', model: 'cnn4', seconds: 3700, last_val_accuracy: 0.97, started_at: '2026-11-24T09:00', config: { model: 'cnn4', lr: 0.01, dropout: null, seed: 1 }, hidden: true }),
] });
const ids = (runs) => runs.map(({ runId }) => runId);
const found = (query, runs = RUNS) => ids(runs.filter(parseSearch(query, fieldsOf(runs)).matches));
const listing = (options, choices) => listingOf(RUNS, { ...LIST, ...options }, { isOpen: () => true, showsHidden: true, parse: parseSearch, ...choices });
const lines = ({ rows }) => rows.map(({ group, run }) => (run ? run.runId : `[${group.name}]`));

test('a search finds words and terms', () => {
  const cases = {
    '': ['live', 'a1', 'a2', 'b1'],
    wide: ['a1', 'a2'],
    'WIDE "seed 2"': ['a2'],
    'lr>0.006': ['live', 'b1'],
    'lr >= 0.006 -status:failed': ['a1', 'a2', 'b1'],
    'lr=0.006': ['a1', 'a2'],
    'lr!=0.006': ['live', 'b1'],
    'status:failed': ['live'],
    'status:failed,hidden': ['live', 'b1'],
    'is:pinned': ['a2'],
    'accuracy>=98.2': ['a2'],
    'accuracy>=0.982': ['a2'],
    'accuracy=98.15%': ['a1'],
    'accuracy:98': ['a1', 'a2'],
    'test_accuracy<99': ['a1', 'a2'],
    'model:tiny': ['live'],
    'model=cnn': [],
    'val_loss<0.05': ['a2'],
    'time>2min': ['a2', 'b1'],
    'time<=40s': ['a1'],
    'time>1h': ['b1'],
    'started:2026-11-24': ['a2', 'b1'],
    'started>2026-11-25': ['live', 'a1'],
    'dropout:none': ['b1'],
    'drop=none': ['b1'],
    'seed:2 cnn4': ['a2'],
    'nothing:like-it': [],
  };
  for (const [query, expected] of Object.entries(cases)) assert.deepEqual(found(query), expected, query);
});

test('a term that says nothing is reported and left out', () => {
  const cases = {
    'lr>': 'lr> needs a value.',
    'lr>abc': 'Learning rate > needs a number, not “abc”.',
    'started>yesterday': 'Started > needs a date such as 2026-11-30, not “yesterday”.',
    'momentum>0.5 wide': 'No run has a field “momentum”.',
  };
  for (const [query, problem] of Object.entries(cases)) assert.deepEqual(parseSearch(query, fieldsOf(RUNS)).problems, [problem], query);
  assert.deepEqual(found('momentum>0.5 wide'), ['a1', 'a2']);
  assert.deepEqual(parseSearch('wide lr>0.01', fieldsOf(RUNS)).problems, []);
});

test('no search throws', () => {
  for (const value of HOSTILE.filter((one) => typeof one === 'string')) {
    for (const query of [value, `lr>${value}`, `${value}:1`, `"${value}`]) found(query);
  }
});

test('a field is found by its key, another word, or the only beginning', () => {
  const fields = fieldsOf(RUNS);
  for (const [word, key] of [['LR', 'lr'], ['acc', 'accuracy'], ['drop', 'dropout'], ['val-loss', 'val_loss'], ['params', 'parameters']]) {
    assert.equal(findField(fields, word)?.key, key);
  }
  assert.equal(findField(fields, 's'), null, 'several begin so');
});

test('runs are sorted by results, settings and dates, unknown values last', () => {
  const order = (sort) => lines(listing({ sort, isGrouped: false }));
  assert.deepEqual(order('-started'), ['live', 'a1', 'a2', 'b1']);
  assert.deepEqual(order('-accuracy'), ['a2', 'a1', 'b1', 'live']);
  assert.deepEqual(order('accuracy'), ['b1', 'a1', 'a2', 'live']);
  assert.deepEqual(order('lr'), ['a1', 'a2', 'b1', 'live']);
  assert.deepEqual(order('name'), ['b1', 'live', 'a1', 'a2']);
  assert.deepEqual(order('nothing'), ['live', 'a1', 'a2', 'b1']);
});

test('runs are sorted by a setting of another trainer that has a hyphen in its name', () => {
  const runs = parseRuns({ runs: [3, 1, 2].map((value) => entry(`r${value}`, { config: { 'my-option': value } })) });
  const order = (sort) => lines(listingOf(runs, { ...LIST, isGrouped: false, sort }, { isOpen: () => true, showsHidden: true, parse: null }));
  assert.deepEqual(order('my-option'), ['r1', 'r2', 'r3']);
  assert.deepEqual(order('-my-option'), ['r3', 'r2', 'r1']);
});

test('runs with the same settings but the seed are one group', () => {
  assert.deepEqual(lines(listing({})), ['live', '[wide]', 'a1', 'a2', 'b1']);
  assert.deepEqual(lines(listing({ sort: '-accuracy' })), ['[wide]', 'a2', 'a1', 'b1', 'live'], 'sorted by its mean');
  assert.deepEqual(lines(listing({}, { isOpen: () => false })), ['live', '[wide]', 'b1']);
  const other = RUNS.map((run) => ({ ...run, dataset: run.runId === 'a1' ? 'synthetic' : run.dataset }));
  assert.equal(groupsOf(other).length, 4, 'other images');
  const unknown = parseRuns({ runs: [entry('x'), entry('y')] });
  assert.equal(groupsOf(unknown).length, 2, 'of unknown settings');
  const machines = parseRuns({ runs: [entry('x', { config: { lr: 1, threads: 2, seed: 1 } }), entry('y', { config: { seed: 2, threads: 4, lr: 1 } })] });
  assert.equal(groupsOf(machines).length, 1, 'on other machines, in another order');
});

test('a group has one name, whichever of its runs are compared, and none that is only a seed', () => {
  const config = (seed) => ({ config: { lr: 1, seed } });
  const runs = parseRuns({ runs: [entry('3', { name: 'seed-3', ...config(3) }), entry('2', { name: 'wide net', ...config(2) }), entry('1', { name: 'seed 1', ...config(1) })] });
  const names = [runs, [...runs].reverse()].map((ordered) => groupsOf(ordered)[0].name);
  assert.deepEqual(names, ['wide net', 'wide net']);
  assert.equal(groupsOf(runs.slice(0, 1), runs)[0].name, 'wide net');
});

test('hidden runs are counted, and listed on request', () => {
  const { rows, count, hidden } = listing({}, { showsHidden: false });
  assert.deepEqual([rows.length, count, hidden], [4, 3, 1]);
  assert.equal(listing({ search: 'wide' }, { showsHidden: false }).hidden, 0);
});

test('runs of one seed are one repetition', () => {
  const runs = parseRuns({ runs: [[1, 0.5], [10, 0.9], [1, 0.7], [2, 0.8]].map(([seed, test_accuracy], at) => entry(`r${at}`, { config: { seed }, test_accuracy })) });
  assert.deepEqual([...bySeed(runs, (run) => run.testAccuracy)], [['1', 0.6], ['2', 0.8], ['10', 0.9]]);
  const accuracy = fieldsOf(runs).get('accuracy');
  const summary = summaryOf(runs, accuracy);
  assert.equal(summary.n, 3);
  assert.equal(spread(accuracy, summary), '76.67\u00a0±\u00a015.28\u00a0%');
  assert.equal(spread(accuracy, summaryOf(runs.slice(0, 1), accuracy)), '50.00\u00a0%');
});

test('runs of the same name are distinguished by seed, start or id', () => {
  const named = (...given) => [...marksOf(parseRuns({ runs: given.map((one, at) => entry(`20260101-run${at}`, { name: 'same', ...one })) })).values()];
  assert.deepEqual(named({ config: { seed: 1 } }, { config: { seed: 7 } }, { name: 'other' }), ['seed 1', 'seed 7', '']);
  const [first, second] = named({ started_at: '2026-01-05T10:00' }, { started_at: '2026-01-06T11:30' });
  assert.match(first, /5 Jan 2026/);
  assert.match(second, /11:30/);
  assert.deepEqual(named({}, {}), ['1-run0', '1-run1']);
});

test('the settings in which runs differ are named', () => {
  assert.deepEqual(differing([RUNS[1], RUNS[3]]), [['lr', ['0.006', '0.01']], ['dropout', ['–', 'none']]]);
  assert.deepEqual(differing([RUNS[1], RUNS[1]]), []);
});

test('an overlaid run keeps its slot while others come and go', () => {
  assert.deepEqual(changed(['a', 'b'], ['c'], true), ['a', 'b', 'c']);
  assert.deepEqual(changed(['a', 'b', 'c'], ['a'], false), ['', 'b', 'c']);
  assert.deepEqual(changed(['', 'b'], ['d', 'b'], true), ['d', 'b']);
  assert.deepEqual(changed(['a', 'b'], ['b'], false), ['a']);
  assert.equal(changed(Array.from({ length: 10 }, (_, at) => `r${at}`), ['x'], true), null);
  assert.deepEqual(pruned(['gone', 'a1', 'live'], RUNS, null), ['', 'a1']);
  assert.deepEqual([...numbersOf(['b1', 'a1', 'a2'], RUNS, true)], [['b1', 1], ['a1', 2], ['a2', 2]]);
  assert.deepEqual([...numbersOf(['b1', 'a1', 'a2'], RUNS, false)], [['b1', 1], ['a1', 2], ['a2', 3]]);
});

test('an address restores how the runs are listed', () => {
  const states = [LIST, { search: 'lr>0.01 "a b"', sort: 'val_loss', isGrouped: false, columns: ['lr', 'time'] }, { ...LIST, columns: [] }];
  for (const state of states) {
    const parameters = new URLSearchParams();
    addListOptions((key, value) => value && parameters.set(key, value), state);
    assert.deepEqual(listOptionsOf(parameters), state);
  }
  for (const value of HOSTILE.filter((one) => typeof one === 'string')) {
    const { search, sort, columns } = listOptionsOf(new URLSearchParams({ find: value, sort: value, columns: value }));
    assert.ok(search.length <= 200 && /^[\w.-]+$/.test(sort) && columns.every((key) => /^[\w.-]+$/.test(key)));
  }
});
