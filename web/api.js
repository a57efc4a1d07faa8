/** Where runs are read from: beside the page, or from the server that its address names with ?api=https://host/. */

export function apiOf(search) {
  const given = new URLSearchParams(search).get('api');
  if (!given || !/^https?:/.test(given) || !URL.canParse(given)) return '';
  const { origin, pathname } = new URL(given);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}

export const API = apiOf(globalThis.location?.search);

/** Where the files lie of the earlier run `shown`; of the live one for null. */
export const folderOf = (shown) => `${API}results/${shown === null ? '' : `runs/${shown}/`}`;
