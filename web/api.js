/** Where runs are read from: beside the page, or from the server that its address names with ?api=https://host/. */

export function apiOf(search) {
  const given = new URLSearchParams(search).get('api');
  if (!given || !/^https?:/.test(given) || !URL.canParse(given)) return '';
  const { origin, pathname } = new URL(given);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}

export const API = apiOf(globalThis.location?.search);

const pictures = new Map(); // address -> promise of a local one

/** Put a picture behind an element. A style sheet may not show another host's, so that it is fetched before. */
export async function setBackground({ style }, url) {
  const show = (address) => { style.backgroundImage = `url("${address}")`; };
  if (!API) return show(url);
  if (!pictures.has(url)) pictures.set(url, fetch(url).then((answer) => answer.blob()).then(URL.createObjectURL));
  return show(await pictures.get(url));
}

/** Where the files lie of the earlier run `shown`; of the live one for null. */
export const folderOf = (shown) => `${API}results/${shown === null ? '' : `runs/${shown}/`}`;
