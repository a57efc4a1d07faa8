/** A reader of JSON files over HTTP with conditional requests. */

import { API, DEMO, SITE } from './api.js';
import { condition } from './polling.js';
import { number } from './values.js';

const MAX_FILES = 12; // in the cache
const TIMEOUT_MS = 20_000; // without a single byte: a server that accepts a request and then stays silent is unreachable

// Any byte of any response restarts the timeout of every request: on a slow line one response waits for another.
const timeouts = new Set();
const restartTimeouts = () => { for (const restart of timeouts) restart(); };

const SLOW_MS = 1000;
const slow = new Set(); // URLs whose responses have taken longer than that so far
/** @type {(urls: string[]) => void} */
let reportSlow = () => {};

const early = new Map(); // method and URL -> the response to a request that was sent before the first poll needed it
let isOpening = true; // before the first poll is over
const keyOf = (url, options) => `${options?.method ?? 'GET'} ${url}`;

/** No server, one that stays silent, or one that fails. */
export class Unreachable extends Error {}

/**
 * @typedef {object} Answer
 * @property {boolean} missing
 * @property {any} value the file's content when it was last valid JSON; the same object while it is unchanged
 * @property {number | null} date the server's clock
 * @property {number | null} written Last-Modified
 */

/** @typedef {(url: string) => Promise<Answer>} Read throws Unreachable */

/**
 * An incomplete file keeps the last value and is requested again.
 * @returns {Read}
 */
export function createReader() {
  const known = new Map(); // URL -> {text, value, written, headers}, the least recently used first
  const keep = (url, file) => {
    known.delete(url);
    known.set(url, file);
    if (known.size > MAX_FILES) known.delete(known.keys().next().value);
  };
  return async function read(url) {
    const last = known.get(url);
    const answer = await ask(url, { headers: last?.headers });
    const timeOf = (name) => number(Date.parse(answer.headers.get(name) ?? ''));
    const result = { missing: false, value: last?.value, date: timeOf('Date'), written: timeOf('Last-Modified') };
    if (answer.status === 304) {
      if (last) keep(url, last);
      return { ...result, written: result.written ?? last?.written ?? null };
    }
    if (answer.status === 404) {
      known.delete(url);
      return { ...result, missing: true, value: undefined };
    }
    if (!answer.ok) throw new Unreachable(`${url}: ${answer.status}`);
    const { text } = answer;
    const value = text === last?.text ? last.value : parsed(text);
    if (value === undefined) return result;
    keep(url, { text, value, written: result.written, headers: conditionOf(answer.headers) });
    return { ...result, value };
  };
}

/** The kind of server: `digits` for this project's, `files` for any other; SITE for none. */
export async function serverKind(request = ask) {
  if (SITE || DEMO) return SITE ?? 'files'; // whose status and controls are of other runs
  const answer = await request(API && `${API}healthz`, { method: 'HEAD' });
  return ['X-Server', 'Server'].some((name) => /^digits\b/i.test(answer.headers.get(name))) ? 'digits' : 'files';
}

/**
 * The response {status, ok, headers, text}, however long it takes: only silence ends it. Throws Unreachable.
 * @param {string} url
 * @param {RequestInit} [options]
 */
export function ask(url, options) {
  const key = keyOf(url, options);
  const answer = early.get(key) ?? send(url, options);
  early.delete(key);
  return answer;
}

/** Like `ask`; the first poll gets this response if it asks for the same later. */
export function askEarly(url, options) {
  const answer = send(url, options);
  if (isOpening) early.set(keyOf(url, options), answer);
  return answer;
}

/** The first poll is over: what it did not take of the early responses would be out of date for a later one. */
export function endOpening() {
  isOpening = false;
  early.clear();
}

/** Calls `call` with the URLs that are slow to load, whenever these change. */
export function watchSlow(call) {
  reportSlow = call;
}

/** The page itself is the cache: with no-store it sees the 304. */
async function send(url, options) {
  const abort = new AbortController();
  let timer = 0;
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error(`${url}: no answer`)), TIMEOUT_MS);
  };
  const note = setTimeout(() => reportSlow([...slow.add(url)]), SLOW_MS);
  restart();
  timeouts.add(restart);
  try {
    const answer = await fetch(url, { ...options, cache: 'no-store', signal: abort.signal });
    restartTimeouts();
    const { status, ok, headers } = answer;
    return { status, ok, headers, text: await textOf(answer) };
  } catch (error) {
    throw new Unreachable(String(error));
  } finally {
    timeouts.delete(restart);
    clearTimeout(timer);
    clearTimeout(note);
    if (slow.delete(url)) reportSlow([...slow]);
  }
}

async function textOf({ body }) {
  if (!body) return '';
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    restartTimeouts();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
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
