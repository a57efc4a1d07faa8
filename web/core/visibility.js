/** Detection of elements that come into view, and of views that are opened. */

/** @import {State, Store} from './store.js' */

/** Calls `call()` once, as soon as any part of `element` is in view or about to be printed. */
export function whenSeen(element, call) {
  const observer = new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting)) seen();
  });
  const seen = () => {
    observer.disconnect();
    window.removeEventListener('beforeprint', seen);
    call();
  };
  observer.observe(element);
  window.addEventListener('beforeprint', seen);
}

/**
 * Calls `call()` once, as soon as the state fulfills the condition.
 * @param {Store} store
 * @param {(keyof State)[]} keys
 * @param {(state: State) => boolean} condition
 */
export function when(store, keys, condition, call) {
  let isDone = false;
  store.on(keys, (state) => {
    if (isDone || !condition(state)) return;
    isDone = true;
    call();
  });
}

/**
 * Calls `call()` once, as soon as the view `page` is open, or about to be printed, and there is a run.
 * @param {Store} store
 */
export function whenOpened(store, page, call) {
  let isDone = false;
  const update = (isPrinted) => {
    if (isDone || !store.state.log || !(isPrinted || store.state.page === page)) return;
    isDone = true;
    call();
  };
  store.on(['log', 'page'], () => update(false));
  window.addEventListener('beforeprint', () => update(true));
}
