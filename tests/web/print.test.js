import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../../web/control/defaults.js';
import { changedSettings } from '../../web/print/changed-settings.js';

const OPTIONS = parseOptions({
  options: [{ name: 'preset', default: 'quick' }, { name: 'epochs', default: 10 }, { name: 'lr', default: null }, { name: 'optimizer', default: 'adamw' }, { name: 'ema', default: 0.99 }],
  presets: { quick: { options: { epochs: 10, lr: null } }, fast: { options: { epochs: 1, lr: null } } },
  models: {},
  default_lr: { adamw: 0.001, sgd: 0.1 },
  owner: { lr: 'optimizer' },
});
const changed = (config) => changedSettings({ config: Object.entries(config) }, OPTIONS).entries;

test('changed settings differ from the defaults of their preset and optimizer', () => {
  assert.deepEqual(changed({ preset: 'quick', epochs: '10', lr: '0.001', optimizer: 'adamw', ema: '0.99' }), []);
  assert.deepEqual(changed({ preset: 'fast', epochs: '1', ema: '0.9' }), [['preset', 'fast'], ['ema', '0.9']]);
  assert.deepEqual(changed({ preset: 'quick', optimizer: 'sgd', lr: '0.1' }), [['optimizer', 'sgd']]);
  assert.deepEqual(changed({ preset: 'quick', optimizer: 'sgd', lr: '0.2' }), [['optimizer', 'sgd'], ['lr', '0.2']]);
});

test('paths, names and unknown options are no changed settings; without known defaults all are listed', () => {
  assert.deepEqual(changed({ preset: 'quick', name: 'a run', results_dir: '/somewhere', other: '1' }), []);
  const config = Object.entries({ name: 'a run', epochs: '10', other: '1' });
  for (const options of [null, OPTIONS]) {
    assert.deepEqual(changedSettings({ config }, options), { isChanged: false, entries: [['epochs', '10'], ['other', '1']] });
  }
});
