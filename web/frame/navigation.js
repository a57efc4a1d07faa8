/** Navigation: the links to the views, of which one is shown, and the menus that open over the page on narrow screens. */

import { focusTemporarily } from '../core/dom.js';
import { hashOf } from '../core/url-state.js';

/** @param {import('../core/state-types.js').Store} store */
export function mount(nav, store) {
  const links = [...nav.querySelectorAll('a[data-view]')];
  const views = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.view')]);
  const places = new Map(); // scroll position of each view
  let page = '';

  for (const link of links) {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser opens a tab or a window
      event.preventDefault();
      openView(store, link.dataset.view);
    });
  }

  store.on(['page', 'shown', 'list', 'overlay', 'view', 'zoom', 'set', 'epoch', 'selected', 'comparison'], (state) => {
    for (const link of links) link.setAttribute('href', hashOf({ ...state, page: link.dataset.view, selected: { ...state.selected, image: null }, present: null }));
  });
  store.on(['page'], (state) => {
    places.set(page, scrollY);
    page = state.page;
    for (const link of links) link.ariaCurrent = link.dataset.view === page ? 'page' : null;
    for (const view of views) view.hidden = view.id !== `view-${page}`;
    scrollTo(0, places.get(page) ?? 0);
  });
  store.on(['shown'], closeMenus);
  store.on(['log'], ({ log }) => { document.body.dataset.state = log ? 'run' : 'none'; });
}

/** Opens a view; closes the drawer and the menus over the page. */
export function openView(store, page) {
  closeMenus();
  store.set({ page, selected: { ...store.state.selected, image: null } });
}

/** Closes the list of runs and the menu, where they are open over the page. */
export function closeMenus() {
  for (const open of document.querySelectorAll('[popover]:popover-open')) /** @type {HTMLElement} */ (open).hidePopover();
}

/** The link at the start of the page: its fragment is no state of the page. */
export function mountSkipLink(link, main) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    focusTemporarily(main);
  });
}
