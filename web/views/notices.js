/** Notices above the numbers: synthetic digits, failures, divergence, an earlier run. */

import { DEMO } from '../core/api.js';
import { h, icon } from '../core/dom.js';
import { clock, date, decimal } from '../core/format.js';
import { fallOf } from '../core/insights.js';
import { isAlive } from '../core/status.js';
import { LIVE } from '../core/url-state.js';

export function mount(element, store) {
  let shownText = '';
  store.on(['log', 'liveness', 'live', 'runs', 'shown', 'missing', 'logTail', 'resumeProblem'], (state) => {
    const notices = noticesOf(state);
    const text = JSON.stringify(notices);
    if (text === shownText) return; // keeps a selection in an unchanged notice
    shownText = text;
    element.replaceChildren(...notices.map(boxOf));
  });
}

function boxOf({ kind, title, text, link, href, lines }) {
  const output = lines?.length ? h('pre', { tabindex: '0', 'aria-label': 'Last output of the trainer' }, lines.join('\n')) : null;
  return h(
    'div', { class: `notice ${kind}`, role: 'note' },
    icon(kind === 'bad' ? 'failed' : 'notice'),
    h('div', {}, h('p', {}, h('strong', {}, title), ` ${text} `, link ? h('a', { href: href ?? LIVE }, link) : null), output),
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
  if (fall) add('warn', 'Accuracy fell.', fall.text);
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
  return [kind, title, [text, resume, logTail?.end, output].filter(Boolean).join(' '), { lines: logTail?.lines ?? [] }];
}

/** [kind, title, text] of a failure; null if there is none. */
function headlineOf(log, liveness, logTail, resumeProblem) {
  const diverged = log?.events.find(({ kind }) => kind === 'diverged');
  if (diverged) return ['bad', 'The loss became NaN or infinite.', divergence(diverged, log)];
  if (liveness === 'failed') return ['bad', 'The run failed.', log.error || 'No reason was logged.'];
  if (liveness === 'crashed') return ['bad', 'The run crashed.', `Last log entry: ${clock(log.updatedAt)}.`];
  if (logTail) return ['bad', 'The trainer ended with an error.', ''];
  return resumeProblem ? ['info', 'The run is unfinished.', ''] : null;
}

function divergence({ text }, { batches }) {
  const last = batches.loss.findLast((loss) => loss !== null) ?? null;
  return last === null ? text : `${text.replace(/[.\s]*$/, '')}. The last finite training loss was ${decimal(last)}.`;
}
