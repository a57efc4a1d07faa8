/** Image input: pasted, dropped or opened images, and test images cut from the mosaic. */

import { h } from '../core/dom.js';
import { raster } from '../charts/raster.js';

const MAX_SIDE = 1024; // pixels
export const PER_ROW = 100; // images in test.png and validation.png
export const TILE = 28;

/** {bitmap, image}: a canvas for display, and its pixels. Throws for a file that is not an image. */
export async function pictureOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  return cut(bitmap, 0, 0, bitmap.width, bitmap.height, scale);
}

/** Calls `take(file)` for files dropped on `target`, pasted anywhere but into a field, or opened with `input`. */
export function receive(target, input, take) {
  const first = (files) => Array.from(files ?? []).find(({ type }) => type.startsWith('image/')) ?? files?.[0];
  const pass = (files) => files?.length && take(first(files));
  target.addEventListener('dragover', (event) => event.preventDefault());
  target.addEventListener('drop', (event) => {
    event.preventDefault();
    pass(event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => {
    if (!(event.target instanceof Element && event.target.closest('input, textarea'))) pass(event.clipboardData?.files);
  });
  input.addEventListener('change', () => {
    pass(input.files);
    input.value = '';
  });
}

/** A picture of 28x28 grays. */
export function pictureOfPixels(pixels) {
  const bitmap = raster(pixels, TILE, TILE);
  return { bitmap, image: bitmap.getContext('2d').getImageData(0, 0, TILE, TILE) };
}

/** A function that cuts image number `index` from the mosaic at `url`, `perRow` images wide, which is read once. */
export function createAlbum() {
  let latest = '';
  let mosaic = /** @type {Promise<ImageBitmap> | null} */ (null);
  return async function picture(url, index, perRow = PER_ROW) {
    if (!mosaic || latest !== url) [latest, mosaic] = [url, mosaicAt(url).catch(forget)];
    return cut(await mosaic, TILE * (index % perRow), TILE * Math.floor(index / perRow), TILE, TILE, 1);
  };

  /** The next image retries. @returns {never} */
  function forget(error) {
    mosaic = null;
    throw error;
  }
}

const MOST_TRIES = 1000; // of ten thousand images a reduced copy of a run has kept hundreds

/** A random image of an album of `count`, and its index. The tile of a missing one is gray in the corner, where MNIST is black. */
export async function anyOf(album, count) {
  for (let tries = 1; ; tries += 1) {
    const index = Math.floor(Math.random() * count);
    const image = album(index);
    const picture = await image.catch(() => null);
    if (!picture || picture.image.data[0] === 0 || tries === MOST_TRIES) return { index, image };
  }
}

async function mosaicAt(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return createImageBitmap(await answer.blob());
}

function cut(source, left, top, width, height, scale) {
  const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const bitmap = h('canvas', { width: columns, height: rows });
  const context = bitmap.getContext('2d', { willReadFrequently: true });
  context.drawImage(source, left, top, width, height, 0, 0, columns, rows);
  return { bitmap, image: context.getImageData(0, 0, columns, rows) };
}
