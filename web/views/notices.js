/**
 * Notices: synthetic digits, failures, divergence, an earlier run. Those that the page opens with are above the numbers;
 * what happens later lies over the page until it is closed, so that nothing is pushed away from the reader.
 */

import { DEMO } from '../core/api.js';
import { button, h, icon } from '../core/dom.js';
import { clock, date, decimal, whole } from '../core/format.js';
import { fallOf } from '../core/insights.js';
import { isAlive } from '../core/status.js';
import { LIVE } from '../core/url-state.js';

export function mount(element, store) {
  let shownText = '';
  let place = ''; // the run and view shown
  let isOpening = true; // until the state of control is known, with a token
  const inPlace = new Set(); // titles of the notices above the numbers
  const [placed, late] = [h('div', { class: 'placed' }), h('div', { class: 'late' })];
  element.append(placed, late);
  store.on(['log', 'liveness', 'live', 'runs', 'shown', 'page', 'missing', 'loaded', 'control', 'logTail', 'resumeProblem', 'actions'], draw);

  function draw(state) {
    const notices = noticesOf(state);
    const text = JSON.stringify([notices, namesOf(state.actions)]);
    const isElsewhere = place !== placeOf(state);
    const wasOpening = isOpening || isElsewhere;
    place = placeOf(state);
    isOpening = wasOpening && (!state.loaded || (state.token !== null && state.control === null));
    if (text === shownText && !isElsewhere) return; // keeps a selection in an unchanged notice
    shownText = text;
    if (isElsewhere) inPlace.clear();
    if (wasOpening) for (const { title } of notices) inPlace.add(title);
    const height = isElsewhere ? 0 : placed.clientHeight; // its place stays when a notice goes
    const [now, then] = [true, false].map((isPlaced) => notices.filter(({ title }) => inPlace.has(title) === isPlaced));
    placed.replaceChildren(...now.map((notice) => boxOf(notice, state.actions)));
    placed.hidden = !now.length && !height;
    placed.style.minHeight = `${height}px`;
    const isShown = ({ title }) => state.page === 'overview' && title === FELL; // the overview explains it
    late.replaceChildren(...then.filter((notice) => !isShown(notice)).map((notice) => boxOf(notice, state.actions, () => close(notice.title))));
  }

  function close(title) {
    inPlace.add(title);
    shownText = '';
    draw(store.state);
  }
}

const placeOf = ({ log, page, shown }) => (log ? `${log.runId} ${shown} ${page}` : '');

const FELL = 'Accuracy fell.';
const LABELS = { resume: 'Resume this run', again: 'Run it again\u2026' };
const namesOf = (actions) => Object.keys(LABELS).filter((name) => actions[name]);

/** The buttons of an ended run; there is room for them from the start, as they come later than the box. */
const buttonsOf = (actions) => h('p', { class: 'todo' }, ...namesOf(actions).map((name) => button(LABELS[name], actions[name])));

function boxOf({ kind, title, text, link, href, lines, isEnd }, actions, close = /** @type {(() => void) | null} */ (null)) {
  const output = lines?.length ? h('pre', { tabindex: '0', 'aria-label': 'Last output of the trainer' }, lines.join('\n')) : null;
  return h(
    'div', { class: `notice ${kind}`, role: 'note' },
    kind !== 'info' && icon(kind === 'bad' ? 'failed' : 'notice'),
    h('div', {}, h('p', {}, h('strong', {}, title), ` ${text} `, link ? h('a', { href: href ?? LIVE }, link) : null), output),
    isEnd ? buttonsOf(actions) : null,
    close && h('button', { type: 'button', class: 'close', 'aria-label': `Close: ${title}`, onclick: close }, '×'),
  );
}

/** [{kind, title, text, link, lines}] */
export function noticesOf({ log, liveness, live, runs, shown, missing, logTail, resumeProblem }) {
  const notices = [];
  const add = (kind, title, text, more) => notices.push({ kind, title, text, ...more });
  if (missing !== null) add('info', 'No such run.', `There is no run ${missing.slice(0, 80)}.`);
  const failure = failureOf(log, liveness, logTail, resumeProblem);
  if (failure) add(...failure);
  if (!log) return notices;
  if (DEMO) add('info', 'A finished example', 'that ships with this project; nothing can be changed.', { link: 'Show your own runs', href: './' });
  if (shown !== null) add('info', 'Earlier run,', `started ${date(log.startedAt)}.`, { link: latest(live, runs) });
  const fall = fallOf(log);
  if (fall) add('warn', FELL, fall.text);
  if (log.newer) add('info', 'Newer log format.', 'Fields unknown to this version of the page are not shown.');
  const { name, notice } = log.dataset ?? {};
  if (name === 'synthetic') {
    add('warn', 'Not MNIST: synthetic digits.', notice || 'The accuracies do not apply to handwritten digits.');
  } else if (notice) add('warn', 'Check the data.', notice);
  return notices;
}

/** The label of the link to the live run; null if there is none. */
function latest(live, runs) {
  if (isAlive(live?.liveness)) return 'Show the live run';
  return runs.some(({ path }) => path === '') ? 'Show the latest run' : null;
}

/** One notice for one failure, from the log, the server and the trainer's last output. */
function failureOf(log, liveness, logTail, resumeProblem) {
  const headline = headlineOf(log, liveness, logTail, resumeProblem);
  if (!headline) return null;
  const [kind, title, text] = headline;
  const resume = resumeProblem && `It can’t be resumed here. ${resumeProblem}`;
  const output = logTail && (logTail.lines.length ? 'Last output:' : 'It printed nothing.');
  const sentences = [text, savedOf(log), resume, logTail?.end, output];
  return [kind, title, sentences.filter(Boolean).join(' '), { lines: logTail?.lines ?? [], isEnd: !isAlive(liveness) }];
}

/** [kind, title, text] of a failure; null if there is none. */
function headlineOf(log, liveness, logTail, resumeProblem) {
  const diverged = log?.events.find(({ kind }) => kind === 'diverged');
  if (diverged) return ['bad', 'The loss became NaN or infinite.', divergence(diverged, log)];
  if (liveness === 'failed') return ['bad', 'The run failed.', log.error || 'No reason was logged.'];
  if (liveness === 'crashed') return ['bad', 'The run crashed.', `Last log entry: ${clock(log.updatedAt)}.`];
  if (logTail) return ['bad', 'The trainer ended with an error.', ''];
  if (liveness === 'stopped') return ['info', 'The run was stopped', `at ${clock(log.updatedAt)}, on request.`];
  if (liveness === 'interrupted') return ['warn', 'The run was interrupted', `at ${clock(log.updatedAt)}, by a signal or Ctrl-C.`];
  return resumeProblem ? ['info', 'The run is unfinished.', ''] : null;
}

/** The files and curves that an ended run has saved. */
function savedOf(log) {
  if (!log) return '';
  const { files, epochs, progress } = log;
  const epoch = epochs.epoch.at(-1);
  const kept = [
    progress.step && `the curves up to step ${whole(progress.step)}`,
    files.includes('network.json') && epoch && `the network after epoch ${whole(epoch)}`,
    files.includes('mnist_cnn.pth') && 'its weights',
    files.includes('checkpoint.pth') && 'a checkpoint to resume from',
  ].filter(Boolean);
  return kept.length ? `Saved: ${kept.join(', ')}.` : '';
}

function divergence({ text }, { batches }) {
  const last = batches.loss.findLast((loss) => loss !== null) ?? null;
  return last === null ? text : `${text.replace(/[.\s]*$/, '')}. The last finite training loss was ${decimal(last)}.`;
}
