import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAtRest } from '../../web/core/redraw.js';

test('what moves is drawn at its first step and once it rests, anything else at once', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const drawAtRest = createAtRest(100);
  const drawn = [];
  const ask = (name, isMoving) => drawAtRest(() => drawn.push(name), isMoving);
  for (const name of ['first', 'second', 'third']) {
    ask(name, true);
    context.mock.timers.tick(60);
  }
  assert.deepEqual(drawn, ['first']);
  context.mock.timers.tick(40);
  assert.deepEqual(drawn, ['first', 'third']);
  ask('moving', true);
  ask('still moving', true);
  ask('a click', false);
  context.mock.timers.tick(1000);
  assert.deepEqual(drawn, ['first', 'third', 'moving', 'a click']);
});
