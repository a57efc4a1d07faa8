/** The page's network says what torch says: tests/test_page_network.py makes networks, digits and torch's logits. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNetwork } from '../../web/pad/network.js';
import { epochsOf, numbersOf, parsePlan } from '../../web/pad/plan.js';
import { HOSTILE } from './hostile.js';
import { bytes, digitAt, file, floats, names, opened } from './networks.js';

const CLOSE = 1e-4; // of a logit

for (const name of names) {
  const expected = floats(`${name}-logits.bin`);
  const count = expected.length / 10;
  test(`${name}: the logits of ${count} digits are torch's`, () => {
    const { forward } = opened(name);
    assert.ok(count >= 20 && Math.max(...expected) > 1);
    let worst = 0;
    for (let digit = 0; digit < count; digit += 1) {
      const { logits } = forward(digitAt(digit));
      logits.forEach((logit, place) => { worst = Math.max(worst, Math.abs(logit - expected[10 * digit + place])); });
    }
    assert.ok(worst < CLOSE, `${worst}`);
  });

  test(`${name}: each layer has the declared output shape`, () => {
    const { plan, forward } = opened(name);
    const { maps } = forward(digitAt(0));
    assert.deepEqual(maps.map(({ name: layer }) => layer), plan.layers.map(({ name: layer }) => layer));
    for (const { shape, values } of maps) assert.equal(values.length, shape[0] * shape[1] * shape[2]);
  });
}

test('the weights of an epoch are those after it in half precision', () => {
  const { plan } = opened(names[0]);
  const now = numbersOf(plan, bytes(`${names[0]}.bin`));
  const kept = epochsOf(plan, bytes(`${names[0]}-epochs.bin`));
  assert.deepEqual([...kept.keys()], plan.epochs);
  const last = kept.get(plan.epochs.at(-1))();
  last.forEach((number, place) => assert.ok(Math.abs(number - now[place]) <= 1e-3 * Math.abs(now[place]) + 1e-7));
});

test("weights that don't match their checksum are rejected", () => {
  const { plan } = opened(names[0]);
  const other = bytes(`${names[0]}.bin`);
  new Uint8Array(other)[7] ^= 1;
  assert.equal(numbersOf(plan, other), null);
  assert.equal(numbersOf(plan, other.slice(4)), null);
  assert.equal(epochsOf(plan, bytes(`${names[0]}.bin`)), null);
});

test('invalid descriptions are rejected', () => {
  const good = JSON.parse(file(`${names[0]}.json`));
  const others = HOSTILE.filter((value, place) => typeof value !== 'string' || place % 20 === 0);
  for (const value of others) {
    assert.equal(parsePlan(value), null);
    for (const key of Object.keys(good)) parsePlan({ ...good, [key]: value });
    for (const at of [0, 1, good.layers.length - 1]) {
      for (const key of Object.keys(good.layers[at])) {
        const plan = parsePlan({ ...good, layers: good.layers.with(at, { ...good.layers[at], [key]: value }) });
        if (plan) assert.equal(createNetwork(plan, new Float32Array(plan.numbers))(digitAt(0)).logits.length, 10);
      }
    }
  }
});
