import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { createNetwork } from '../../web/pad/network.js';
import { numbersOf, parsePlan } from '../../web/pad/plan.js';
import { inkIn } from '../../web/pad/prepare.js';
import { read } from '../../web/pad/reading.js';
import { cutsOf, fillsCorner, segment } from '../../web/pad/segmentation.js';

const fixture = (name) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const entries = JSON.parse(fixture('numbers.json').toString()).map(({ rgba, ...entry }) => ({ ...entry, data: new Uint8ClampedArray(inflateSync(Buffer.from(rgba, 'base64'))) }));
const plan = { ...parsePlan(JSON.parse(fixture('network/tiny.json').toString())), oodThreshold: -1.6 };
const forward = createNetwork(plan, numbersOf(plan, new Uint8Array(fixture('network/tiny.bin')).buffer));

test('pieces, lines and cuts are those of Python', () => {
  for (const { name, pieces, cuts, corners, ...picture } of entries) {
    const sheet = segment(inkIn(picture, true, 512).ink);
    const boxes = sheet.lines.map((line) => line.map(({ left, top, right, bottom }) => [left, top, right, bottom]));
    assert.deepEqual(boxes, pieces, name);
    assert.deepEqual(sheet.lines.map((line) => line.map((piece) => cutsOf(sheet, piece))), cuts, name);
    assert.deepEqual(sheet.lines.map((line) => line.map((piece) => fillsCorner(sheet, piece))), corners, name);
  }
});

test('numbers are read as in Python: the same text, status and boxes', () => {
  for (const { name, text, status, reason, boxes, ...picture } of entries) {
    const reading = read(picture, { plan, forward });
    assert.deepEqual([reading.text, reading.status, reading.reason], [text, status, reason], name);
    if (boxes.length === 1) continue; // the page has no box of the only digit
    for (const [at, { box }] of reading.digits.entries()) {
      for (const [edge, value] of (box ?? []).entries()) assert.ok(Math.abs(value - boxes[at][edge]) < 1, `${name}: ${box}, ${boxes[at]}`);
    }
  }
});

test('with a step left out, a picture is read as one digit', () => {
  const several = entries.find(({ boxes }) => boxes.length > 1);
  assert.equal(read(several, { plan, forward }, ['center']).digits.length, 1);
});
