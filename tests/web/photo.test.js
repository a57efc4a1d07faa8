import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { cleaned } from '../../web/pad/photo.js';
import { prepare } from '../../web/pad/prepare.js';
import { read } from '../../web/pad/reading.js';

const unpacked = (text) => inflateSync(Buffer.from(text, 'base64'));
const entries = JSON.parse(readFileSync(new URL('../fixtures/photos.json', import.meta.url), 'utf8'))
  .map(({ rgba, ...entry }) => ({ ...entry, data: new Uint8ClampedArray(unpacked(rgba)) }));

/** A network that rejects what does not resemble the 4 written in all photos, as in tests/test_photo.py. */
const expected = prepare(entries.find(({ name }) => name === 'a thin digit')).pixels;
const product = (one, other) => one.reduce((sum, value, at) => sum + value * other[at], 0);
const network = {
  plan: { temperature: 1, oodThreshold: -5 },
  forward: (pixels) => {
    const isAlike = product(pixels, expected) >= 0.85 * Math.sqrt(product(pixels, pixels) * product(expected, expected));
    return { logits: Float32Array.from({ length: 10 }, (_, digit) => (digit === 4 ? (isAlike ? 12 : 1) : 0)) };
  },
};

test('photos are cleaned as in Python, to the same pixels', () => {
  assert.ok(entries.filter((entry) => entry.cleaned).length >= 6);
  for (const { name, cleaned: then, ...picture } of entries) {
    const now = cleaned(picture)?.picture;
    assert.equal(Boolean(now), Boolean(then), name);
    if (!now) continue;
    const levels = unpacked(then);
    assert.equal(levels.length, now.width * now.height, name);
    const others = levels.filter((level, at) => Math.abs(level - now.data[4 * at]) > 1); // at a limit, where rounding decides
    assert.ok(others.length <= levels.length / 5000, `${name}: ${others.length} pixels`);
  }
});

test('and read as in Python: the same text, status and box', () => {
  for (const { name, text, status, box, ...picture } of entries) {
    const reading = read(picture, network);
    assert.deepEqual([reading.text, reading.status], [text, status], name);
    for (const [edge, value] of (reading.digits[0].box ?? []).entries()) assert.ok(Math.abs(value - box[edge]) < 1, `${name}: ${reading.digits[0].box}`);
  }
});
