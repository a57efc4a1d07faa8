/** The parsed state of control: the trainer, possible actions, and how the last trainer ended. */

import { isAlive } from '../core/status.js';
import { rate, whole } from '../core/format.js';
import { list, number, record, text } from '../core/values.js';

const MAX_LINES = 20;
const MAX_ENTRIES = 100; // in the queue
const MAX_LENGTH = 500; // of each line
const AFTER_TRAINING = ['calibrating', 'testing', 'done']; // phases in which commands have no effect

export const OUTDATED = 'The server was restarted: the token of this page is no longer valid. To control the training, open the URL that it printed at its start.';

/** Whether the server rejects this page's token. */
export const isOutdated = ({ control }) => control !== null && !control.isAuthorized;

/** The response to GET /control; null without control. */
export function parseControl(value) {
  const { control_enabled: isEnabled, authorized, running, resumable, not_resumable: resumeProblem, free_bytes: freeBytes, last_words: words, exit_code: exitCode, queue } = record(value);
  if (isEnabled !== true) return null;
  return {
    isAuthorized: authorized === true,
    isRunning: running === true,
    isResumable: resumable === true,
    resumeProblem: text(resumeProblem), // why it can't be resumed
    freeBytes: number(freeBytes),
    logTail: list(words).slice(-MAX_LINES).map((line) => text(line, MAX_LENGTH)),
    exitCode: number(exitCode),
    queue: { runs: parseEntries(record(queue).runs), failures: parseEntries(record(queue).failures) },
  };
}

/** Queued runs, or those from the queue that failed. */
const parseEntries = (value) => list(value).map(record).slice(0, MAX_ENTRIES).map(({ id, name, reason }) => ({
  id: text(id, 80), name: text(name, 120), reason: text(reason, MAX_LENGTH),
}));

/** Whether the trainer has nothing left to change, or one begins or ends. */
const isBusy = ({ control, log, shown }, isLive) => (isLive ? AFTER_TRAINING.includes(log.phase) : shown === null && control?.isRunning === true);

/** The available controls: those of the live run, or those that start one; and whether they may be used now. */
export function possible(state) {
  const { control, log, liveness, shown, connection } = state;
  const isLive = Boolean(log) && shown === null && isAlive(liveness);
  const isFree = Boolean(control) && !control.isRunning && !isLive;
  return {
    isLive: Boolean(control) && isLive,
    mayAct: connection.ok && !isOutdated(state) && !isBusy(state, isLive),
    isPaused: isLive && log.phase === 'paused',
    start: isFree,
    queue: Boolean(control),
    again: Boolean(log) && (isFree || (Boolean(control) && shown !== null)), // not while the trainer of the shown run ends
    resume: isFree && control.isResumable && shown === null,
  };
}

/** The rules by which a run pauses itself: actions of the control API, and options in the log of the same name. */
export const PAUSE_RULES = { pause_each_epoch: 'Pause after each epoch', pause_on_fall: 'Pause when validation accuracy falls' };

/** Whether a rule is on; null where the trainer does not know it. */
export function isRuleOn({ config }, rule) {
  const value = new Map(config).get(rule);
  return value === undefined ? null : value === 'yes';
}

export const FAR_ABOVE = 10; // times a known rate: see digits/runlog/control_actions.py

/** A warning about an unusually high learning rate for the live run; empty if it is plausible. */
export function presentLrWarning(log, wanted) {
  return lrWarning(wanted, log.batches.lr.findLast((one) => one !== null) ?? Number(new Map(log.config).get('lr')), 'present');
}

/** A warning about a learning rate unusually high beside a `known` one, which `which` names; empty if it is plausible. */
export function lrWarning(wanted, known, which) {
  if (!(known > 0 && wanted > FAR_ABOVE * known)) return '';
  return `${rate(wanted)} is ${whole(wanted / known)} times the ${which} learning rate, ${rate(known)}: training may diverge.`;
}

const ENDED_WELL = [null, 0, 130, 143]; // unknown, success, or stopped by a signal
const KILLED = 137; // by a signal that can't be handled

/** {end, lines} of a trainer that broke off; null of any other. */
export function logTailOf({ control, liveness, shown }) {
  if (!control || control.isRunning || shown !== null) return null;
  const isBroken = !ENDED_WELL.includes(control.exitCode);
  if (!isBroken && !['crashed', 'failed'].includes(liveness)) return null;
  if (!isBroken && !control.logTail.length) return null; // it was started elsewhere, and its output is there
  return { end: endOf(control.exitCode), lines: control.logTail };
}

/** Why an unfinished run is not resumable, as a sentence; empty if it is, or without control. */
export function resumeProblemOf({ control, liveness, shown }) {
  return !control || control.isRunning || shown !== null || isAlive(liveness) ? '' : control.resumeProblem;
}

function endOf(exitCode) {
  if (exitCode === KILLED) return 'The trainer was killed: the machine may have run out of memory.';
  return exitCode ? `The trainer ended with exit code ${exitCode}.` : '';
}
