/** Where runs are read from: beside the page, or from the server that its address names with ?api=https://host/. */

export function apiOf(search) {
  const given = new URLSearchParams(search).get('api');
  if (!given || !/^https?:/.test(given) || !URL.canParse(given)) return '';
  const { origin, pathname } = new URL(given);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}

export const API = apiOf(globalThis.location?.search);

const MOST = 12; // pictures that are kept
const pictures = new Map(); // address -> promise of a local one

/** Put a picture behind an element. A style sheet may not show another host's, so that it is fetched before. */
export async function setBackground({ style }, url) {
  if (API && !pictures.has(url)) keep(url, localOf(url));
  const address = API ? await pictures.get(url) : url;
  if (address) style.backgroundImage = `url("${address}")`;
}

async function localOf(url) {
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) return URL.createObjectURL(await answer.blob());
  pictures.delete(url); // who needs it next asks again
  return null;
}

async function keep(url, picture) {
  pictures.set(url, picture);
  if (pictures.size <= MOST) return;
  const [[oldest, address]] = pictures;
  pictures.delete(oldest);
  URL.revokeObjectURL(await address);
}

/** Where the files lie of the earlier run `shown`; of the live one for null. */
export const folderOf = (shown) => `${API}results/${shown === null ? '' : `runs/${shown}/`}`;
