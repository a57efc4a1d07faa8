/** Control requests to the server, and the trainer's answers. */

import { whole } from '../core/format.js';
import { isAlive } from '../core/status.js';
import { LIVE } from '../core/url-state.js';
import { record, text } from '../core/values.js';
import { OUTDATED } from './state.js';

const TIMEOUT_MS = 20_000; // for an answer: longer than a start, or an evaluation of the validation images
const INTERVAL_MS = 400;

/** A rejected request: the reason, and the form field that caused it. */
export class Refusal extends Error {
  constructor(message, field = '') {
    super(message);
    this.field = field;
  }
}

/** The message of a thrown value. */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** The header that permits a request. */
export const authorization = (token) => ({ 'X-Control-Token': token });

/** Sends a request; returns the server's response. Throws Refusal. */
export async function send(token, method, path, body) {
  const headers = { ...authorization(token), ...(body && { 'Content-Type': 'application/json' }) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Refusal('The server does not answer.');
  });
  const value = await answer.json().catch(() => null);
  if (answer.status === 401) throw new Refusal(OUTDATED);
  if (!answer.ok) throw new Refusal(text(record(value).error) || 'The server refused.', text(record(value).field, 80));
  return record(value);
}

/** Sends a command to the trainer; returns the event that answers it. Throws Refusal. */
export async function sendCommand(store, poll, action, value) {
  const { runId } = store.state.log ?? {};
  const { id } = await send(store.state.token, 'POST', 'control', { action, ...(value !== undefined && { value }) });
  const until = Date.now() + TIMEOUT_MS;
  while (Date.now() < until) {
    await poll();
    const { log, liveness } = store.state;
    const isShown = log?.runId === runId; // another run has no answer
    const event = isShown && log?.events.find(({ request }) => request && request === id);
    if (event?.kind === 'refused') throw new Refusal(`The trainer refused: ${event.text}.`);
    if (event) return event;
    if (isShown && !isAlive(liveness)) throw new Refusal('The run ended before it received the command.');
    await pause();
  }
  throw new Refusal('No answer yet: the trainer may be loading or testing. The command remains queued.');
}

/** Start or resume a run; resolves to a sentence once the server has started it. Throws Refusal. */
export async function begin(store, poll, path, body) {
  await send(store.state.token, 'POST', path, body);
  if (store.state.shown !== null) location.hash = LIVE;
  pollOften(store, poll);
  return 'Started; the run appears as soon as it writes its log';
}

/** The seeds with which a run is repeated. */
export const SEEDS = [1, 2, 3, 4, 5];

/** Adds a run to the queue, or one for each of some seeds; resolves to a sentence. Throws Refusal. */
export async function enqueue(store, poll, body) {
  const { runs } = await send(store.state.token, 'POST', 'queue', body);
  poll();
  return runs.length === 1 ? 'Queued; it starts when no other run is being trained' : `Queued; ${whole(runs.length)} runs start one after the other`;
}

/** Polls at short intervals until the run is live or its trainer has ended. */
async function pollOften(store, poll) {
  const until = Date.now() + TIMEOUT_MS;
  await pause();
  store.set({ control: { ...store.state.control, isRunning: true } }); // until the server reports
  do {
    await poll();
    await pause();
  } while (Date.now() < until && store.state.liveness !== 'running' && store.state.control?.isRunning);
}

const pause = () => new Promise((resolve) => { setTimeout(resolve, INTERVAL_MS); });
