import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelOf, settingText } from '../../web/core/field-labels.js';

test('options, facts and metrics have labels in words', () => {
  const cases = [
    ['lr', 'Learning rate'], ['batch_size', 'Batch size'], ['low_res', 'Low resolution'], ['val_loss', 'Validation loss'],
    ['train_accuracy', 'Training accuracy'], ['val_ece', 'Validation ECE'], ['test_accuracy', 'Test accuracy'], ['train_limit', 'Limit of training images'],
    ['torch', 'PyTorch'], ['constructor', 'Constructor'], ['', ''],
  ];
  for (const [name, label] of cases) assert.equal(labelOf(name), label);
});

test('numbers among settings are written like all others, identifiers and texts as they are', () => {
  const cases = [
    ['train_limit', '6000', '6,000'], ['lr', '0.001', '0.001'], ['ema', '0.9995', '0.9995'], ['seed', '20260101', '20260101'],
    ['channels', '16, 32', '16, 32'], ['model', 'cnn4-quick', 'cnn4-quick'], ['name', '007', '007'], ['quiet', 'no', 'no'],
  ];
  for (const [name, value, text] of cases) assert.equal(settingText(name, value), text);
});
