/** Making elements. Text only ever becomes text nodes, so that nothing a run calls itself is markup. */

const DRAWN = new Set(['svg', 'path']);

/** h('button', {class: 'quiet', onclick: reset}, 'Reset') */
export function h(tag, attributes = {}, ...children) {
  const element = DRAWN.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

export const button = (label, onclick) => h('button', { type: 'button', onclick }, label);

/** The elements in `root` with a data-part, by its name. */
export const parts = (root) => Object.fromEntries(
  Array.from(root.querySelectorAll('[data-part]'), (part) => [part.dataset.part, part]),
);

/** Change a text only if it differs: a selection in it survives a refresh. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const COPIED_MS = 2000;

/** Let a button copy `text()` and say so for a moment; where that is not granted `instead()` helps and says how. */
export function copies(button, text, instead) {
  const label = button.textContent;
  button.addEventListener('click', async () => {
    const isCopied = await navigator.clipboard?.writeText(text()).then(() => true, () => false); // https and this machine only
    setText(button, isCopied ? 'Copied' : instead());
    setTimeout(() => setText(button, label), COPIED_MS);
  });
}

export const copiesFrom = (button, element) => copies(button, () => element.textContent, () => {
  getSelection().selectAllChildren(element);
  return 'Selected: press Ctrl C';
});

/** A further style sheet: settled once it is there, or can't be had. */
export const addStyle = ({ href }) => new Promise((resolve) => {
  document.head.append(h('link', { rel: 'stylesheet', href, onload: resolve, onerror: resolve }));
});

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
const LINES = new Set(['completed', 'failed', 'paused', 'stalled', 'disconnected', 'waiting', 'notice']); // the others are filled

/** A small picture for a status: its shape tells it apart where colours don't. */
export const icon = (kind) => h(
  'svg', { viewBox: '0 0 16 16', class: LINES.has(kind) ? 'icon line' : 'icon', 'aria-hidden': 'true' },
  h('path', { d: SHAPES[kind] ?? SHAPES.waiting }),
);

/** What the browser remembers for this page, or for this tab; where it refuses to, a value holds until the page is left. */
export const remembered = (key, storage = 'localStorage') => granted(() => window[storage].getItem(key));
export const remember = (key, value, storage = 'localStorage') => granted(() => window[storage].setItem(key, value));

function granted(use) {
  try {
    return use();
  } catch {
    return null;
  }
}
