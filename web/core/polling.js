/** Rules of polling: intervals, back-off and conditional requests. */

export const INTERVALS = [1, 2, 3, 5, 10, 30]; // seconds
export const INTERVAL = 3;
const HIDDEN_S = 30;
const LONGEST_RETRY_S = 15;
const SETTLED_MS = 2000;

/** Seconds until the next poll: longer in a hidden tab, doubled without a server, one in a first epoch. */
export function delay({ interval, hidden, failures, isFirst = false }) {
  let base = isFirst ? 1 : interval;
  if (hidden) base = Math.max(HIDDEN_S, interval);
  return failures ? Math.min(base * 2 ** (failures - 1), Math.max(base, LONGEST_RETRY_S)) : base;
}

/**
 * The header that makes the next request for the same file conditional, from a response's headers.
 * Last-Modified has a resolution of one second, so that a file written twice in one second looks unchanged: it is used
 * only once it is two seconds old.
 */
export function condition({ etag, modified, date }) {
  if (etag) return { 'If-None-Match': etag };
  if (Date.parse(date) - Date.parse(modified) >= SETTLED_MS) return { 'If-Modified-Since': modified };
  return {};
}

/**
 * Whether a file has to be read: the server's status has another ETag than when it was read last (a Map for each), or
 * none. Only the ETag counts: a log's own `updated_at` may be missing, or too coarse to tell two versions apart.
 */
export function isNews(file, etags, read) {
  return !etags.has(file) || !read.has(file) || etags.get(file) !== read.get(file);
}
