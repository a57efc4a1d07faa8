/** Element builders. Text becomes text nodes only, so that a run's name is never markup. */

const SVG_TAGS = new Set(['svg', 'path', 'g', 'circle', 'text']);

/**
 * h('button', {class: 'quiet', onclick: reset}, 'Reset')
 * @param {string} tag
 * @param {Object<string, any>} [attributes]
 * @param {...any} children false, null and undefined are skipped
 * @returns {any} typed by use: the tag decides
 */
export function h(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => (child ?? false) !== false));
  return element;
}

export const button = (label, onclick) => h('button', { type: 'button', onclick }, label);

/**
 * The elements in `root` with a data-part, by its name.
 * @returns {Object<string, any>}
 */
export const parts = (root) => Object.fromEntries(
  Array.from(root.querySelectorAll('[data-part]'), (part) => [part.dataset.part, part]),
);

/** Changes a text only if it differs, so that a selection in it survives a refresh. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Whether a key is a command of the browser, such as Alt and an arrow. */
export const isCommand = ({ ctrlKey, metaKey, altKey }) => ctrlKey || metaKey || altKey;

const COPIED_MS = 2000;

/** Makes a button copy the text of `source` and confirm it briefly; where the browser refuses, the text is selected. */
export function copiesFrom(element, source) {
  const label = element.textContent;
  element.addEventListener('click', async () => {
    const isCopied = await navigator.clipboard?.writeText(source.textContent).then(() => true, () => false); // needs https or localhost
    if (!isCopied) getSelection()?.selectAllChildren(source);
    setText(element, isCopied ? 'Copied' : 'Selected: press Ctrl C');
    setTimeout(() => setText(element, label), COPIED_MS);
  });
}

const styles = new Map(); // URL -> promise

/** Adds a style sheet, once; resolves when it is loaded or has failed. */
export function addStyle({ href }) {
  if (!styles.has(href)) {
    styles.set(href, new Promise((resolve) => {
      document.head.append(h('link', { rel: 'stylesheet', href, onload: resolve, onerror: resolve }));
    }));
  }
  return styles.get(href);
}

const SHAPES = {
  running: 'M4 2.5v11l9-5.5z',
  completed: 'M2.5 8.5 6.2 12.2 13.5 4.2',
  stopped: 'M3.5 3.5h9v9h-9z',
  paused: 'M6.4 5.5v5M9.6 5.5v5M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8',
  interrupted: 'M4 3h3v10H4zM9 3h3v10H9z',
  failed: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  crashed: 'M9.5 1 3 9.2h4.2L6.5 15 13 6.8H8.8z',
  stalled: 'M4 2h8M4 14h8M5 2c0 5 6 7 6 12M11 2c0 5-6 7-6 12',
  disconnected: 'M3.5 12.5l9-9M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 1 0 8 1.8',
  waiting: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11',
  notice: 'M8 1.5 15 14H1zM8 6v4M8 11.6v.9',
};
const OUTLINED = new Set(['completed', 'failed', 'paused', 'stalled', 'disconnected', 'waiting', 'notice']); // the others are filled

/** The icon of a status: its shape distinguishes it where color does not. */
export const icon = (kind) => h(
  'svg', { viewBox: '0 0 16 16', class: OUTLINED.has(kind) ? 'icon line' : 'icon', 'aria-hidden': 'true' },
  h('path', { d: SHAPES[kind] ?? SHAPES.waiting }),
);

/**
 * Focuses an element that takes no focus otherwise: a click on it leaves the focus where it is.
 * @param {HTMLElement} element
 * @param {FocusOptions} [options]
 */
export function focusTemporarily(element, options) {
  element.tabIndex = -1;
  element.focus(options);
  element.addEventListener('blur', () => element.removeAttribute('tabindex'), { once: true });
}

/** Settings in the browser's storage, for this page or this tab; null where the browser refuses access. */
export const remembered = (key, storage = 'localStorage') => allowed(() => window[storage].getItem(key));
export const remember = (key, value, storage = 'localStorage') => allowed(() => window[storage].setItem(key, value));

function allowed(access) {
  try {
    return access();
  } catch {
    return null;
  }
}
