/** Background images, also of runs on another server. */

import { API } from './api.js';

const MAX_IMAGES = 12;
const images = new Map(); // URL -> promise of a local URL

/** Sets an element's background image. The Content-Security-Policy allows style sheets no other host, so that it is fetched first. */
export async function setBackground({ style }, url) {
  if (API && !images.has(url)) cache(url, fetchImage(url));
  const address = API ? await images.get(url) : url;
  if (address) style.backgroundImage = `url("${address}")`;
}

async function fetchImage(url) {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) return URL.createObjectURL(await answer.blob());
  images.delete(url); // the next use retries
  return null;
}

async function cache(url, image) {
  images.set(url, image);
  if (images.size <= MAX_IMAGES) return;
  const [[oldest, address]] = images;
  images.delete(oldest);
  URL.revokeObjectURL(await address);
}
