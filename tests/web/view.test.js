import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoothed } from '../../web/charts/smooth.js';
import { svgContext } from '../../web/charts/svg.js';
import { LIST } from '../../web/core/list-options.js';
import { BY_DEFAULT, NOTHING, PLAIN, hashOf, runOf, stateOf } from '../../web/core/url-state.js';
import { HOSTILE } from './hostile.js';

const PANELS = ['loss', 'accuracy'];

const FIRST = { page: 'overview', shown: null, epoch: null, set: 'validation', selected: NOTHING, list: LIST, overlay: [], view: PLAIN, zoom: null, present: null, comparison: BY_DEFAULT };

test('a URL restores the state that it was made from', () => {
  const looks = { axis: 'time', smoothing: 0.6, logarithmic: true, outliers: true, errors: true, panel: 'accuracy' };
  const states = [
    FIRST,
    { ...FIRST, shown: '20260921-run', overlay: ['a-1', 'b_2.c'], view: looks, zoom: [1.25, 3] },
    { ...FIRST, page: 'try', view: { ...PLAIN, axis: 'step', smoothing: 0 }, zoom: [100, 2345.678] },
    { ...FIRST, list: { search: '"a & b" lr>1e-3 100% +#=', sort: 'lr', isGrouped: false, columns: ['lr'] }, overlay: ['a', '', 'c'] },
    { ...FIRST, page: 'compare', overlay: ['a'], comparison: { result: 'val_loss', baseline: '20260921-run' } },
    { ...FIRST, page: 'mistakes', epoch: 4, set: 'test', selected: { cell: '53', image: 'test-0' } },
    { ...FIRST, epoch: 2, present: 5 },
  ];
  for (const state of states) assert.deepEqual(stateOf(hashOf(state), PANELS), state);
  assert.equal(hashOf(FIRST), '#live');
  assert.equal(hashOf(states[5]), '#view=mistakes&epoch=4&set=test&cell=53&image=test-0');
});

test('a hostile URL gives the default state', () => {
  for (const value of HOSTILE.filter((text) => typeof text === 'string')) {
    for (const key of ['view', 'epoch', 'set', 'cell', 'image', 'x', 'smooth', 'log', 'errors', 'zoom', 'with', 'panel', 'present', 'result', 'baseline']) {
      const { overlay, view, comparison, ...state } = stateOf(`#${key}=${value}`, PANELS);
      const { overlay: none, view: plain, ...first } = FIRST;
      assert.deepEqual({ ...state, comparison: BY_DEFAULT, epoch: null, selected: NOTHING, shown: null, present: null }, first);
      assert.ok(state.present === null || (Number.isInteger(state.present) && state.present > 0));
      assert.ok(Object.values(comparison).every((name) => /^[\w.-]*$/.test(name)));
      assert.ok(state.epoch === null || Number.isInteger(state.epoch));
      assert.ok(overlay.every((id) => /^[\w.-]*$/.test(id)) && overlay.at(-1) !== '', none);
      assert.equal(view.axis, plain.axis);
      assert.equal(view.panel, null);
      assert.ok(view.smoothing >= 0 && view.smoothing < 1);
    }
  }
});

test('smoothing 0 changes nothing, a constant stays, gaps stay gaps', () => {
  assert.deepEqual(smoothed([1, null, 3], 0), [1, null, 3]);
  for (const value of smoothed([2, 2, 2, 2], 0.9)) assert.ok(Math.abs(value - 2) < 1e-12);
  assert.equal(smoothed([1, null, 5], 0.5)[1], null);
});

test('smoothing is the weighted mean of all before, the later the heavier', () => {
  const values = [3, 1, 4, 1, 5];
  const weights = values.map((_, row) => 0.7 ** (4 - row));
  const mean = values.reduce((sum, value, row) => sum + value * weights[row], 0) / weights.reduce((a, b) => a + b);
  assert.ok(Math.abs(smoothed(values, 0.7).at(-1) - mean) < 1e-12);
});

test('a drawing becomes SVG, with escaped text', () => {
  const context = svgContext(100, 50);
  context.save();
  context.beginPath();
  context.rect(0, 0, 10, 10);
  context.clip();
  context.beginPath();
  context.lineTo(1, 2);
  context.lineTo(3.14159, 4);
  context.stroke();
  context.restore();
  context.fillText('<script>&"', 5, 6);
  const svg = context.toString();
  assert.match(svg, /^<svg [^>]*width="100" height="50"/);
  assert.match(svg, /<path d="M1 2L3\.14 4" fill="none"/);
  assert.match(svg, /&lt;script&gt;&amp;&quot;<\/text>/);
  assert.equal((svg.match(/<g /g) ?? []).length, (svg.match(/<\/g>/g) ?? []).length);
});

test('a URL may select an earlier run', () => {
  assert.equal(runOf('#run=20261120-120000-ab12'), '20261120-120000-ab12');
  for (const hash of ['', '#', '#else', '#run=']) assert.equal(runOf(hash), null);
});
