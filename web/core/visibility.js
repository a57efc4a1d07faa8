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
 * Calls `call()` once, as soon as the state fulfills the condition. `call` may import a module: where the server does not
 * answer, the next change of the state is the next attempt.
 * @param {Store} store
 * @param {(keyof State)[]} keys
 * @param {(state: State) => boolean} condition
 * @param {() => Promise<void>} call
 */
export function when(store, keys, condition, call) {
  let isDone = false;
  async function check(state) {
    if (isDone || !condition(state)) return;
    isDone = true;
    await call().catch((error) => {
      if (!isImportError(error)) throw error;
      isDone = false;
    });
  }
  store.on(keys, check);
  return check;
}

/** As Chromium, Firefox and Safari word it. */
const isImportError = (error) => error instanceof TypeError && /import/i.test(error.message);

/**
 * Calls `call()` once, as soon as the view `page` is open, or about to be printed, and there is a run.
 * @param {Store} store
 * @param {() => Promise<void>} call
 */
export function whenOpened(store, page, call) {
  let isPrinted = false;
  const check = when(store, ['log', 'page', 'connection'], (state) => state.log !== null && (isPrinted || state.page === page), call);
  window.addEventListener('beforeprint', () => {
    isPrinted = true;
    check(store.state);
  });
}
