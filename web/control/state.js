/** What the server says of the trainer, read defensively; and what may be done in which state. */

import { list, number, record, text } from '../values.js';

const LINES = 20;
const LETTERS = 500; // of each of them
const HEEDED = ['training', 'validating', 'paused']; // phases in which the trainer reads what it is asked

/** The answer to GET /control; null where nobody may control anything. */
export function parseControl(value) {
  const { allowed, running, resumable, free_bytes: freeBytes, last_words: words, exit } = record(value);
  if (allowed !== true) return null;
  return {
    isRunning: running === true,
    isResumable: resumable === true,
    freeBytes: number(freeBytes),
    lastWords: list(words).slice(-LINES).map((line) => text(line, LETTERS)),
    exit: number(exit),
  };
}

/** Which controls the header has: those of the run that lives, or those that begin one. */
export function possible({ control, log, liveness, shown }) {
  const isLive = Boolean(log) && shown === null && ['running', 'stalled'].includes(liveness);
  const isFree = Boolean(control) && !control.isRunning && !isLive;
  return {
    steer: Boolean(control) && isLive,
    isHeeded: isLive && HEEDED.includes(log.phase),
    isPaused: isLive && log.phase === 'paused',
    start: isFree,
    resume: isFree && control.isResumable && shown === null,
  };
}
