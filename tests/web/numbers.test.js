import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { createNetwork } from '../../web/pad/network.js';
import { numbersOf, parsePlan } from '../../web/pad/plan.js';
import { inkIn } from '../../web/pad/prepare.js';
import { read } from '../../web/pad/reading.js';
import { divide } from '../../web/pad/division.js';
import { judge } from '../../web/pad/verdict.js';
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

test('a saved digit gets the same verdict', () => {
  for (const picture of entries) {
    for (const { prepared, output, verdict } of read(picture, { plan, forward }).digits) assert.deepEqual(judge(prepared, output.logits, plan), verdict, picture.name);
  }
  const [height, width, logits, strict] = [40, 60, [0, 9, 0, 0, 0, 0, 0, 0, 0, 0], { temperature: 1, oodThreshold: -20 }];
  const isInk = (row, column) => column >= 10 && column < 50 && (column < 19 || column > 40 || row === 20); // two bars, joined
  const values = Float64Array.from({ length: height * width }, (_, at) => Number(isInk(Math.floor(at / width), at % width)));
  const sheet = segment({ height, width, values });
  const prepared = { pixels: Uint8Array.from({ length: 784 }, (_, at) => 255 * Number(at % 28 === 14)), parts: 1, touchesEdge: false };
  const digit = (energy, used) => ({ prepared, output: { logits }, verdict: judge(prepared, logits, used), energy });
  const whole = digit(5, strict);
  const [[found]] = divide(sheet, whole, () => digit(-9, { temperature: 1, oodThreshold: null }));
  assert.equal(found.verdict.reason, 'several digits that touch');
  assert.deepEqual(judge(found.prepared, logits, strict), found.verdict);
});

test('with a step left out, a picture is read as one digit', () => {
  const several = entries.find(({ boxes }) => boxes.length > 1);
  assert.equal(read(several, { plan, forward }, ['center']).digits.length, 1);
});
