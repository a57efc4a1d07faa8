/** What has to be known before the numbers are believed: synthetic digits, failure, divergence, an earlier run. */

import { h, icon } from './dom.js';
import { clock, date, decimal } from './format.js';
import { LIVE } from './polling.js';

export function mount(element, store) {
  let shownText = '';
  store.on(['log', 'liveness', 'shown', 'missing'], (state) => {
    const notices = noticesOf(state);
    const text = JSON.stringify(notices);
    if (text === shownText) return; // a notice that stays is left alone: it may be read or selected
    shownText = text;
    element.replaceChildren(...notices.map(({ kind, title, text: sentence, link }) => h(
      'div',
      { class: `notice ${kind}`, role: 'note' },
      icon(kind === 'bad' ? 'failed' : 'notice'),
      h('p', {}, h('strong', {}, title), ` ${sentence} `, link ? h('a', { href: LIVE }, link) : null),
    )));
  });
}

function noticesOf({ log, liveness, shown, missing }) {
  const notices = [];
  const add = (kind, title, text, link) => notices.push({ kind, title, text, link });
  if (missing !== null) add('info', 'No such run.', `There is no earlier run called ${missing.slice(0, 80)}.`);
  if (!log) return notices;
  if (shown !== null) add('info', 'An earlier run,', `started ${date(log.startedAt)}.`, 'Show the live run');
  if (log.newer) add('info', 'A newer kind of log.', 'What this version of the page knows of it is shown.');
  if (liveness === 'failed') add('bad', 'The run failed.', log.error || 'It left no reason.');
  if (liveness === 'crashed') add('bad', 'The run crashed.', `This is what it had logged by ${clock(log.updatedAt)}.`);
  const diverged = log.events.find(({ kind }) => kind === 'diverged');
  if (diverged) add('bad', 'The loss is not finite any more.', divergence(diverged, log));
  const { name, notice } = log.dataset ?? {};
  if (name === 'synthetic') {
    add('warn', 'Not MNIST: synthetic digits.', notice || 'The accuracies say nothing about handwritten digits.');
  } else if (notice) add('warn', 'Mind the data.', notice);
  return notices;
}

function divergence({ text }, { batches }) {
  const last = batches.loss.findLast((loss) => loss !== null) ?? null;
  return last === null ? text : `${text.replace(/[.\s]*$/, '')}. The last finite training loss was ${decimal(last)}.`;
}
