import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLog } from '../../web/core/contract.js';
import { explanationsOf } from '../../web/core/explanations.js';

const EPOCHS = {
  epoch: [1, 2, 3], step: [10, 20, 30], train_loss: [0.3, 0.2, 0.1], train_accuracy: [0.9, 0.95, 0.97],
  val_loss: [0.05, 0.044, 0.058], val_accuracy: [0.98, 0.985, 0.99],
};
const log = (changes) => /** @type {any} */ (parseLog({ status: 'running', progress: { epoch: 4, epochs: 10 }, epochs: EPOCHS, ...changes }));

test('a rising validation loss with rising accuracy is explained by label smoothing', () => {
  const text = explanationsOf(log({ config: { label_smoothing: 0.05 } }), 'running').join(' ');
  assert.match(text, /Validation loss rose from 0\.0440 after epoch 2 to 0\.0580, while accuracy went from 98\.50\s% to 99\.00\s%/);
  assert.match(text, /Label smoothing \(0\.05\)/);
  assert.doesNotMatch(explanationsOf(log({ config: { label_smoothing: 0 } }), 'running').join(' '), /Label smoothing/);
});

test('training below validation is explained by the options of the run', () => {
  const config = { rotation: 10, translate: 0, dropout: 0.2, ema: 0.998 };
  const text = explanationsOf(log({ config }), 'running').join(' ');
  assert.match(text, /Training accuracy \(97\.00\s%\) is below validation \(99\.00\s%\)/);
  assert.match(text, /rotation by up to 10°/);
  assert.match(text, /dropout \(0\.2\)/);
  assert.match(text, /EMA 0\.998/);
  assert.doesNotMatch(text, /translation/);
  assert.doesNotMatch(text, /hard examples/);
  const hard = explanationsOf(log({ config: { ...config, hard_examples: 0.5 } }), 'running').join(' ');
  assert.match(hard, /images with a high loss are seen more often \(hard examples 0\.5\)/);
  const firstOfAll = log({ config: { hard_examples: 0.5 }, epochs: Object.fromEntries(Object.entries(EPOCHS).map(([name, values]) => [name, values.slice(0, 1)])) });
  assert.doesNotMatch(explanationsOf(firstOfAll, 'running').join(' '), /seen more often/);
  const above = log({ epochs: { ...EPOCHS, train_accuracy: [0.9, 0.95, 0.995] } });
  assert.doesNotMatch(explanationsOf(above, 'running').join(' '), /below validation/);
});

test('the first sentence says where the run is', () => {
  const first = (changes, liveness) => explanationsOf(log(changes), liveness)[0];
  assert.match(first({}, 'running'), /^After epoch 3 of 10, 99\.00\s% of the validation images .*best so far/);
  assert.match(first({}, 'paused'), /^Paused in epoch 4 of 10\./);
  assert.match(first({}, 'crashed'), /^Crashed in epoch 4 of 10\./);
  assert.match(first({ epochs: {}, batches: { step: [1, 2], loss: [2.3, 0.5] } }, 'running'), /went from 2\.300 to about 0\.5000/);
  assert.match(first({ epochs: {} }, 'running'), /first batch/);
  assert.match(first({ test: { accuracy: 0.99, correct: 990, total: 1000 } }, 'completed'), /99\.00\s% of 1,000 .* with 10 mistakes/);
});

test('an empty log is no error', () => {
  assert.ok(explanationsOf(/** @type {any} */ (parseLog({})), 'failed').every((sentence) => typeof sentence === 'string'));
});
