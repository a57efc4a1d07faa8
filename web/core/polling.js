/** The rules of re-reading: when, and under which conditions. */

export const INTERVALS = [1, 2, 3, 5, 10, 30]; // seconds
export const INTERVAL = 3;
const HIDDEN_S = 30;
const LONGEST_RETRY_S = 15;
const SETTLED_MS = 2000;

/** Seconds until the next look: slower where nobody sees it, and step by step slower while nobody answers. */
export function delay({ interval, hidden, failures }) {
  const base = hidden ? Math.max(HIDDEN_S, interval) : interval;
  return failures ? Math.min(base * 2 ** (failures - 1), Math.max(base, LONGEST_RETRY_S)) : base;
}

/**
 * The header that makes the next request for the same file conditional, from an answer's headers.
 * Last-Modified counts whole seconds, so that a file written twice in one second looks unchanged: it is only
 * believed once it lies two seconds back.
 */
export function condition({ etag, modified, date }) {
  if (etag) return { 'If-None-Match': etag };
  if (Date.parse(date) - Date.parse(modified) >= SETTLED_MS) return { 'If-Modified-Since': modified };
  return {};
}

/**
 * Whether a file has to be read: our server's status has another ETag than when it was last read (a Map for each), or
 * none. Only the ETag counts: what a log says of itself may be missing, or too coarse to tell two versions apart.
 */
export function isNews(file, etags, read) {
  return !etags.has(file) || !read.has(file) || etags.get(file) !== read.get(file);
}

/** The address of the live run: a fragment of its own, since a bare # would scroll to the top. */
export const LIVE = '#live';

/** The earlier run an address asks for with #run=<id>; null for the live one. */
export function runOf(hash) {
  return new URLSearchParams(hash.slice(1)).get('run') || null;
}
