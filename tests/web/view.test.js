import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoothed } from '../../web/charts/smooth.js';
import { svgContext } from '../../web/charts/svg.js';
import { PLAIN, hashOf, runOf, viewOf } from '../../web/core/url-state.js';
import { HOSTILE } from './hostile.js';

const PANELS = ['loss', 'accuracy'];

test('a URL restores the view that it was made from', () => {
  const states = [
    { shown: null, overlay: [], view: PLAIN, zoom: null },
    { shown: '20260921-run', overlay: ['a-1', 'b_2.c'], view: { axis: 'time', smoothing: 0.6, logarithmic: true, outliers: true, panel: 'accuracy' }, zoom: [1.25, 3] },
    { shown: null, overlay: [], view: { ...PLAIN, axis: 'step' }, zoom: [100, 2345.678] },
  ];
  for (const state of states) {
    const hash = hashOf(state);
    assert.deepEqual(viewOf(hash, PANELS), { overlay: state.overlay, view: state.view, zoom: state.zoom });
    assert.equal(new URLSearchParams(hash.slice(1)).get('run'), state.shown);
  }
  assert.equal(hashOf(states[0]), '#live');
});

test('a hostile URL gives the default view', () => {
  for (const value of HOSTILE.filter((text) => typeof text === 'string')) {
    for (const key of ['x', 'smooth', 'log', 'zoom', 'with', 'panel']) {
      const { overlay, view, zoom } = viewOf(`#${key}=${value}`, PANELS);
      assert.equal(zoom, null);
      assert.ok(overlay.every((id) => /^[\w.-]+$/.test(id)));
      assert.equal(view.axis, 'epoch');
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

test('what is painted becomes SVG, with escaped text', () => {
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
