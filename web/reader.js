/** Reads JSON files over HTTP, and only what changed. */

import { API } from './api.js';
import { condition } from './polling.js';
import { number } from './values.js';

const MOST = 12; // files that are kept
const PATIENCE_MS = 10_000; // a server that accepts and then says nothing is gone too

/** No server, none that answers in time, or one that fails. */
export class Unreachable extends Error {}

/**
 * A function read(url) that answers {missing, value, date, written}: `value` is the file's content as it was last
 * readable, and the very same as long as that stays; `date` the server's clock, `written` its Last-Modified. Half a file keeps the last value and is asked for again. It throws Unreachable.
 */
export function createReader() {
  const known = new Map(); // url -> {text, value, headers}
  const keep = (url, file) => {
    known.delete(url); // the oldest stands first
    known.set(url, file);
    if (known.size > MOST) known.delete(known.keys().next().value);
  };
  return async function read(url) {
    const last = known.get(url);
    const answer = await ask(url, { headers: last?.headers });
    const moment = (name) => number(Date.parse(answer.headers.get(name)));
    const result = { missing: false, value: last?.value, date: moment('Date'), written: moment('Last-Modified') };
    if (answer.status === 304) {
      if (last) keep(url, last);
      return { ...result, written: result.written ?? last?.written ?? null };
    }
    if (answer.status === 404) {
      known.delete(url);
      return { ...result, missing: true, value: undefined };
    }
    if (!answer.ok) throw new Unreachable(`${url}: ${answer.status}`);
    const text = await answer.text().catch(unreachable);
    const value = text === last?.text ? last.value : parsed(text);
    if (value === undefined) return result;
    keep(url, { text, value, written: result.written, headers: conditionOf(answer.headers) }); // believed by now
    return { ...result, value };
  };
}

/** Which server this is: `digits` for our own, `files` for any other. */
export async function serverKind() {
  const answer = await ask(API && `${API}healthz`, { method: 'HEAD' });
  return /^digits\b/i.test(answer.headers.get('Server') ?? '') ? 'digits' : 'files';
}

/** The page itself is the cache: no-store lets it see the 304. */
function ask(url, options) {
  return fetch(url, { ...options, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) }).catch(unreachable);
}

function unreachable(error) {
  throw new Unreachable(error.message);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function conditionOf(headers) {
  const get = (name) => headers.get(name);
  return condition({ etag: get('ETag'), modified: get('Last-Modified'), date: get('Date') });
}
