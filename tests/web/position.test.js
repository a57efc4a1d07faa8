import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placed } from '../../web/views/plane.js';
import { featuresOf, positionOf } from '../../web/views/position.js';
import { digitAt, floats, names, opened } from './networks.js';

for (const name of names) {
  test(`${name}: the features are the inputs of torch's last linear layer`, () => {
    const expected = floats(`${name}-hidden.bin`);
    const network = opened(name);
    if (!expected.length) assert.equal(featuresOf(network, digitAt(0)), null);
    const width = expected.length / 20;
    for (let digit = 0; width && digit < 20; digit += 1) {
      const features = featuresOf(network, digitAt(digit));
      assert.equal(features?.length, width);
      features?.forEach((value, at) => assert.ok(Math.abs(value - expected[digit * width + at]) < 1e-3 * (1 + Math.abs(value))));
    }
  });
}

test('a position is the projection of the features, if it is one of them', () => {
  const projection = { x: [1, 0, 2], y: [0, 1, 0], offset: [10, 20] };
  assert.deepEqual(positionOf(Float32Array.of(1, 2, 3), projection), [17, 22]);
  assert.equal(positionOf(Float32Array.of(1, 2), projection), null);
});

test('a position outside of the drawing is placed at its edge', () => {
  assert.deepEqual(placed([2, 4], 4, 100, 10), { x: 70, y: 10, isOutside: false });
  assert.deepEqual(placed([-9, 0], 4, 100, 10), { x: 10, y: 50, isOutside: true });
});
