/** Pictures that come from outside: pasted, dropped, chosen, or cut out of the test set. */

const ENOUGH = 1024; // pixels on the longer side
const PER_ROW = 100; // images in test.png
const TILE = 28;

/** {bitmap, image}: a picture to be shown, and its pixels. Throws for what is no picture. */
export async function pictureOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, ENOUGH / Math.max(bitmap.width, bitmap.height));
  return cut(bitmap, 0, 0, bitmap.width, bitmap.height, scale);
}

/** Call `take(file)` with what is dropped on `target`, pasted anywhere but into a field, or chosen with `input`. */
export function receive(target, input, take) {
  const first = (files) => Array.from(files ?? []).find(({ type }) => type.startsWith('image/')) ?? files?.[0];
  const pass = (files) => files?.length && take(first(files));
  target.addEventListener('dragover', (event) => event.preventDefault());
  target.addEventListener('drop', (event) => {
    event.preventDefault();
    pass(event.dataTransfer.files);
  });
  document.addEventListener('paste', (event) => {
    if (!event.target.closest?.('input, textarea')) pass(event.clipboardData.files);
  });
  input.addEventListener('change', () => {
    pass(input.files);
    input.value = '';
  });
}

/** A function that gives image number `index` of the sheet at `url`, which is read once. */
export function createAlbum() {
  let known = { url: null, sheet: null };
  return async function picture(url, index) {
    if (known.url !== url) {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
      known = { url, sheet: await createImageBitmap(await answer.blob()) };
    }
    return cut(known.sheet, TILE * (index % PER_ROW), TILE * Math.floor(index / PER_ROW), TILE, TILE, 1);
  };
}

function cut(source, left, top, width, height, scale) {
  const size = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const bitmap = Object.assign(document.createElement('canvas'), { width: size[0], height: size[1] });
  const context = bitmap.getContext('2d', { willReadFrequently: true });
  context.drawImage(source, left, top, width, height, 0, 0, ...size);
  return { bitmap, image: context.getImageData(0, 0, ...size) };
}
