import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiOf, folderOf } from '../../web/core/api.js';

test('runs are read relative to the page unless its URL names a server', () => {
  for (const search of ['', '?', '?x=1', '?api=', '?api=host', '?api=javascript:alert(1)', '?api=data:,x', '?api=//host/', '?api=https://', undefined]) {
    assert.equal(apiOf(search), '', search);
  }
  assert.equal(folderOf(null), 'results/');
  assert.equal(folderOf('a'), 'results/runs/a/');
});

test("a server's URL ends with a slash, without query or fragment", () => {
  const addresses = {
    'https://host': 'https://host/', 'https://host/': 'https://host/', 'http://127.0.0.1:8000': 'http://127.0.0.1:8000/',
    'https://host/runs': 'https://host/runs/', 'https://host/runs//?x=1#y': 'https://host/runs/', 'https://me:secret@host/': 'https://host/',
  };
  for (const [given, expected] of Object.entries(addresses)) assert.equal(apiOf(`?api=${encodeURIComponent(given)}`), expected);
});
