/** Detection of elements that come into view, and of views that are opened. */

/** @import {State, Store} from './state-types.js' */

const RETRY_MS = 3000;

/** Calls `call()` once, as soon as any part of `element` is in view; again if it could not import a module. */
export function whenSeen(element, call) {
  const observe = () => observer.observe(element);
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    attempt(call, () => setTimeout(observe, RETRY_MS));
  });
  observe();
}

/** Calls `call()`, and `retry()` if it could not import a module, as where the server does not answer. */
async function attempt(call, retry) {
  try {
    await call();
  } catch (error) {
    if (!isImportError(error)) throw error;
    retry();
  }
}

const IDLE_MS = 1000; // where the browser has no requestIdleCallback

/** Resolves when the browser has nothing else to do. */
export const isIdle = () => new Promise((resolve) => {
  if ('requestIdleCallback' in window) requestIdleCallback(resolve);
  else setTimeout(resolve, IDLE_MS);
});

/**
 * Calls `call()` once, as soon as the state fulfills the condition; if it could not import a module, the next change of
 * the state is the next attempt.
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
    await attempt(call, () => { isDone = false; });
  }
  store.on(keys, check);
}

/** As Chromium, Firefox and Safari word it. */
const isImportError = (error) => error instanceof TypeError && /import/i.test(error.message);

/**
 * Calls `call()` once, as soon as the view `page` is open and there is a run.
 * @param {Store} store
 * @param {() => Promise<void>} call
 */
export const whenOpened = (store, page, call) => when(store, ['log', 'page', 'connection'], (state) => state.log !== null && state.page === page, call);
