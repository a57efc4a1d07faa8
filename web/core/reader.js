/** Reads JSON files over HTTP, and only what changed. */

import { API } from './api.js';
import { condition } from './polling.js';
import { number } from './values.js';

const MOST = 12; // files that are kept
const PATIENCE_MS = 20_000; // without a single byte: a server that accepts and then says nothing is gone too

const open = new Set(); // of each request in progress what begins its patience anew: a byte of any answer does,
const heard = () => { for (const renew of open) renew(); }; // since on a slow line one answer waits for another

/** No server, one that has fallen silent, or one that fails. */
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
    const { text } = answer;
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

/**
 * The answer {status, ok, headers, text}, however long it takes: only silence ends it. Throws Unreachable. The page
 * itself is the cache: no-store lets it see the 304.
 */
export async function ask(url, options) {
  const abort = new AbortController();
  let timer = 0;
  const renew = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error(`${url}: no answer`)), PATIENCE_MS);
  };
  renew();
  open.add(renew);
  try {
    const answer = await fetch(url, { ...options, cache: 'no-store', signal: abort.signal });
    heard();
    const { status, ok, headers } = answer;
    return { status, ok, headers, text: await textOf(answer) };
  } catch (error) {
    throw new Unreachable(error.message);
  } finally {
    open.delete(renew);
    clearTimeout(timer);
  }
}

async function textOf({ body }) {
  if (!body) return '';
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    heard();
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
