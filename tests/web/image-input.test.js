/** Test images for the pad. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { anyOf } from '../../web/pad/image-input.js';

const picture = (corner) => Promise.resolve({ image: { data: [corner] } });

test('a random image is not one that a reduced copy of a run lacks', async () => {
  const album = (index) => picture(index === 7 ? 0 : 96);
  for (let tries = 0; tries < 20; tries += 1) assert.equal((await anyOf(album, 10)).index, 7);
});

test('where every image is missing the search ends', async () => {
  const { image } = await anyOf(() => picture(96), 10);
  assert.equal((await image).image.data[0], 96);
});

test('an album that cannot be read is asked once', async () => {
  let asked = 0;
  const { image } = await anyOf(() => {
    asked += 1;
    return Promise.reject(new Error('404'));
  }, 10);
  await assert.rejects(image);
  assert.equal(asked, 1);
});
