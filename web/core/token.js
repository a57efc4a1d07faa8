/** The control token: a page opened at the URL that the server printed, which ends in #token=…, may control training. */

import { API, DEMO, SITE } from './api.js';
import { remember, remembered } from './dom.js';

const KEY = 'token';

export const tokenOf = (hash) => new URLSearchParams(hash.slice(1)).get(KEY);

/** The fragment without the token. */
export function withoutToken(hash) {
  const others = hash.slice(1).split('&').filter((part) => part && !part.startsWith(`${KEY}=`));
  return others.length ? `#${others.join('&')}` : '';
}

/** Loads the controls with `load()` only for a reader with a token. */
export function follow(store, poll, load) {
  let isLoaded = false;
  const update = () => store.set({ token: takeToken() ?? remembered(KEY, 'sessionStorage') });
  window.addEventListener('hashchange', update);
  update();
  store.on([KEY], async ({ token }) => {
    if (!token || API || DEMO || SITE || isLoaded) return;
    isLoaded = true;
    (await load()).mount(store, poll);
  });
}

/** Removes the token from the address at once: addresses are copied, kept in histories and shown on screens. */
function takeToken() {
  const token = tokenOf(location.hash);
  if (token === null) return null;
  history.replaceState(null, '', location.pathname + location.search + withoutToken(location.hash));
  remember(KEY, token, 'sessionStorage');
  return token;
}
