import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDrawing } from '../../web/pad/drawing.js';

const CHANGES = {
  'a step back': (drawing) => drawing.undo(),
  'a new beginning': (drawing) => drawing.clear(),
  'a picture': (drawing) => drawing.put('a picture'),
  'the lifted pen': (drawing) => drawing.end(),
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`${name} ends the stroke that is being drawn`, () => {
    const drawing = createDrawing();
    drawing.begin([0, 0], 20);
    drawing.end();
    drawing.begin([5, 5], 2);
    change(drawing);
    assert.equal(drawing.isPenDown, false);
    const before = structuredClone(drawing.strokes);
    drawing.extend([9, 9]);
    assert.deepEqual(drawing.strokes, before);
  });
}

test('a stroke continues until then', () => {
  const drawing = createDrawing();
  drawing.begin([0, 0], 20);
  drawing.extend([1, 1]);
  assert.deepEqual(drawing.strokes, [{ width: 20, points: [[0, 0], [1, 1]] }]);
  assert.equal(drawing.isPenDown, true);
});
