/** Who may change something here: whoever opened the address that the server printed, which ends in #token=… */

import { API } from './api.js';
import { remember, remembered } from './dom.js';

const KEY = 'token';

export const tokenOf = (hash) => new URLSearchParams(hash.slice(1)).get(KEY);

/** The fragment's other parts, as they are. */
export function withoutToken(hash) {
  const others = hash.slice(1).split('&').filter((part) => part && !part.startsWith(`${KEY}=`));
  return others.length ? `#${others.join('&')}` : '';
}

/** The controls are only read by somebody who may use them. */
export function follow(store, look) {
  let isLoaded = false;
  const take = () => store.set({ token: taken() ?? remembered(KEY, 'sessionStorage') });
  window.addEventListener('hashchange', take);
  take();
  store.on([KEY], async ({ token }) => {
    if (!token || API || isLoaded) return;
    isLoaded = true;
    (await import('../control/control.js')).mount(store, look);
  });
}

/** It leaves the address at once: that is copied, kept in histories, and read over shoulders. */
function taken() {
  const token = tokenOf(location.hash);
  if (token === null) return null;
  history.replaceState(null, '', location.pathname + location.search + withoutToken(location.hash));
  remember(KEY, token, 'sessionStorage');
  return token;
}
