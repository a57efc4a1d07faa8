import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { OPTIONS, withPresentNames } from '../../web/core/renames.js';
import { HOSTILE } from './hostile.js';

test('the options of a log have their present names, whichever version wrote it', () => {
  for (const [former, present] of Object.entries(OPTIONS)) {
    assert.deepEqual(parseLog({ config: { [former]: 5 } }).config, [[present, '5']]);
    assert.deepEqual(parseLog({ config: { [former]: 5, [present]: 7 } }).config, [[present, '7']]);
    assert.deepEqual(parseLog({ config: { [present]: 7, [former]: 5 } }).config, [[present, '7']]);
  }
  assert.deepEqual(parseLog({ config: { preset: 'course' } }).config, [['preset', 'textbook']]);
  assert.deepEqual(parseLog({ config: { preset: 'constructor', toString: 1 } }).config, [['preset', 'constructor'], ['toString', '1']]);
});

test('what is no record has no fields', () => {
  for (const value of HOSTILE) assert.ok(withPresentNames(value, OPTIONS));
});
