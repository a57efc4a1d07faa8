/** Files that the reader saves. */

import { h } from './dom.js';

const READ_MS = 10_000; // by then the browser has read it

/** Saves a blob under this name. */
export function download(blob, name) {
  const link = h('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}

/** A run's name as part of a file name. */
export const asFileName = (run) => run.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60) || 'run';
