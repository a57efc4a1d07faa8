import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compared, corners, covered, decisive, mapOf, placeOf } from '../../web/drawer/occlusion.js';
import { softmax } from '../../web/pad/verdict.js';
import { digitAt, floats, has, names, opened } from './networks.js';

const TEMPERATURE = 1.2;

for (const name of names.filter((one) => has(`${one}-occlusion.bin`))) {
  test(`${name}: the occlusion map is torch's`, () => {
    const { forward } = opened(name);
    const probabilities = softmax(forward(digitAt(0)).logits, TEMPERATURE);
    const results = corners().map((corner) => compared(probabilities, forward(covered(digitAt(0), corner)).logits, TEMPERATURE, corner));
    const expected = floats(`${name}-occlusion.bin`);
    const found = mapOf(results);
    found.forEach((fall, at) => assert.ok(Math.abs(fall - expected[at]) < 1e-4, `${fall} at ${at}, not ${expected[at]}`));
    assert.ok(Math.max(...expected.map(Math.abs)) > 0.01, 'it is not flat');
    assert.equal(decisive(results).drop, Math.max(...results.map(({ drop }) => drop)));
  });
}

test('a patch covers 49 pixels, fewer at the edge, and leaves the image as it was', () => {
  const image = new Uint8Array(784).fill(9);
  const counts = corners().map((corner) => covered(image, corner).filter((pixel) => pixel === 0).length);
  assert.deepEqual([Math.max(...counts), Math.min(...counts)], [49, 4]);
  assert.ok(image.every((pixel) => pixel === 9));
});

test('before its end the map is 0 where no patch was yet', () => {
  const map = mapOf([{ corner: [-4, -4], drop: 0.5 }, { corner: [-1, -4], drop: 0.1 }]);
  assert.deepEqual([map[0], map[2], map[5], map[6]], [0.3, 0.3, 0.1, 0]);
});

test('a patch is named by where its center is', () => {
  assert.deepEqual([[-4, -4], [11, 11], [26, 11], [11, -1]].map(placeOf), ['the top left', 'the center', 'the right', 'the top']);
});
