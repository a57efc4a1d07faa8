/** What the server says of the trainer, read defensively; and what may be done in which state. */

import { isAlive } from '../core/status.js';
import { whole } from '../core/format.js';
import { list, number, record, text } from '../core/values.js';

const LINES = 20;
const LETTERS = 500; // of each of them
const DEAF = ['calibrating', 'testing', 'done']; // phases after the last batch: nothing can be changed any more

export const OUTDATED = 'The server was restarted: the token of this page is no longer valid. To control the training, open the address that it printed at its start.';

/** Whether the server accepts this page's token no longer. */
export const isOutdated = ({ control }) => control !== null && !control.isAuthorized;

/** The response to GET /control; null without control. */
export function parseControl(value) {
  const { control_enabled: isEnabled, authorized, running, resumable, not_resumable: obstacle, free_bytes: freeBytes, last_words: words, exit_code: exitCode } = record(value);
  if (isEnabled !== true) return null;
  return {
    isAuthorized: authorized === true,
    isRunning: running === true,
    isResumable: resumable === true,
    obstacle: text(obstacle), // why it can't be resumed
    freeBytes: number(freeBytes),
    lastWords: list(words).slice(-LINES).map((line) => text(line, LETTERS)),
    exitCode: number(exitCode),
  };
}

/** Which controls the header has: those of the run that lives, or those that begin one. */
export function possible({ control, log, liveness, shown }) {
  const isLive = Boolean(log) && shown === null && isAlive(liveness);
  const isFree = Boolean(control) && !control.isRunning && !isLive;
  return {
    steer: Boolean(control) && isLive,
    isHeeded: isLive && !DEAF.includes(log.phase),
    isPaused: isLive && log.phase === 'paused',
    start: isFree,
    resume: isFree && control.isResumable && shown === null,
  };
}

export const FAR_ABOVE = 10; // times a known rate: see digits/runlog/commands.py

/** Why somebody may not mean a learning rate for the run that lives, as a sentence; empty where nothing is odd. */
export function doubtOf(log, wanted) {
  return doubtAbout(wanted, log.batches.lr.findLast((rate) => rate !== null) ?? Number(new Map(log.config).get('lr')), 'present');
}

/** The same beside another rate, `which` says which one. */
export function doubtAbout(wanted, known, which) {
  if (!(known > 0 && wanted > FAR_ABOVE * known)) return '';
  return `${wanted} is ${whole(wanted / known)} times the ${which} learning rate, ${Number(known.toPrecision(3))}: training may diverge.`;
}

const ENDED_WELL = [null, 0, 130, 143]; // or not known, or because somebody wanted it to end
const KILLED = 137; // by a signal that can't be handled

/** {end, lines} of a trainer that broke off; null of any other. */
export function lastWordsOf({ control, liveness, shown }) {
  if (!control || control.isRunning || shown !== null) return null;
  const isBroken = !ENDED_WELL.includes(control.exitCode);
  if (!isBroken && !['crashed', 'failed'].includes(liveness)) return null;
  if (!isBroken && !control.lastWords.length) return null; // it was started elsewhere, and spoke there
  return { end: endOf(control.exitCode), lines: control.lastWords };
}

/** Why an unfinished run is not resumable, as a sentence; empty if it is, or without control. */
export function obstacleOf({ control, liveness, shown }) {
  return !control || control.isRunning || shown !== null || isAlive(liveness) ? '' : control.obstacle;
}

function endOf(exitCode) {
  if (exitCode === KILLED) return 'The trainer was killed: the machine may have run out of memory.';
  return exitCode ? `The trainer ended with exit code ${exitCode}.` : '';
}

/** 12.3 GB */
export function bytes(value) {
  const [size, unit] = value < 1e9 ? [1e6, 'MB'] : value < 1e12 ? [1e9, 'GB'] : [1e12, 'TB'];
  return `${(value / size).toFixed(value < 1e9 ? 0 : 1)}\u00a0${unit}`;
}
