import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { STEPS, prepare } from '../../web/pad/prepare.js';

const FIXTURE = new URL('../fixtures/prepared.json', import.meta.url);
const unpacked = (text) => inflateSync(Buffer.from(text, 'base64'));
const entries = JSON.parse(readFileSync(FIXTURE, 'utf8')).map(({ rgba, ...entry }) => ({ ...entry, data: new Uint8ClampedArray(unpacked(rgba)) }));

/** Each picture with each step left out, and with none left out. */
const cases = entries.flatMap((entry) =>
  Object.entries(entry.made).map(([step, then]) => {
    const now = prepare(entry, step === 'none' ? [] : [step]);
    const pixels = unpacked(then.pixels);
    const levels = Array.from(pixels, (level, at) => Math.abs(level - now.pixels[at]));
    return { name: `${entry.name}, without ${step}`, now, then, levels };
  }));

/** A thick ring, as the pad draws it. */
function ring(side) {
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let at = 0; at < side * side; at += 1) {
    const away = Math.hypot((at % side) - side * 0.4, Math.floor(at / side) - side * 0.5) / side;
    if (Math.abs(away - 0.25) < 0.04) data.fill(0, 4 * at, 4 * at + 3);
  }
  return { width: side, height: side, data };
}

test('the pixels equal those of Python for the same images, within one gray level', () => {
  assert.ok(cases.length > 250);
  for (const { name, levels } of cases) assert.ok(Math.max(...levels) <= 1, `${name}: ${Math.max(...levels)} levels`);
  const equal = cases.reduce((sum, { levels }) => sum + levels.filter((level) => level === 0).length, 0);
  assert.ok(equal / (784 * cases.length) > 0.999);
});

test('so do shift, parts and the other facts about the ink', () => {
  for (const { name, now, then } of cases) {
    const { inverted, shift, parts, touches_edge: touchesEdge } = then;
    assert.deepEqual({ inverted: now.inverted, shift: now.shift, parts: now.parts, touchesEdge: now.touchesEdge }, { inverted, shift, parts, touchesEdge }, name);
  }
});

test('the input image is not changed', () => {
  const picture = ring(64);
  const before = picture.data.slice();
  prepare(picture);
  assert.deepEqual(picture.data, before);
});

test('steps are named as in Python', () => {
  assert.deepEqual(['none', ...STEPS], Object.keys(entries[0].made));
});

