/** The run's options, data and machine, and the command that reproduces it. */

import { copiesFrom, h, parts } from '../core/dom.js';
import { labelOf, settingText } from '../core/field-labels.js';
import { date, whole } from '../core/format.js';

const SPLITS = ['train', 'validation', 'test'];

export function mount(element, store) {
  const { lists, command, copy } = parts(element);
  let drawn = '';
  store.on(['log'], ({ log }) => {
    element.hidden = !log;
    if (!log) return;
    const groups = groupsOf(log);
    const content = JSON.stringify([groups, log.command]);
    if (content === drawn) return;
    drawn = content;
    command.textContent = log.command;
    command.parentElement.hidden = !log.command;
    lists.replaceChildren(...groups.map(([title, pairs]) => h('div', {}, h('h3', {}, title), definitions(pairs))));
  });
  copiesFrom(copy, command);
}

function groupsOf({ config, environment, dataset, runId, startedAt }) {
  const images = (split) => [`${split}_images`, dataset[split] === null ? '' : whole(dataset[split])];
  const data = dataset ? [
    ['name', dataset.name],
    ...SPLITS.map(images),
    ['sha256', dataset.sha256 && `${dataset.sha256.slice(0, 16)}…`],
  ] : [];
  const run = [['run', runId], ['started', date(startedAt)], ...environment];
  return [['Options', config], ['Data', data], ['Machine', run]]
    .map(([title, pairs]) => [title, pairs.filter(([, value]) => value !== '')])
    .filter(([, pairs]) => pairs.length);
}

function definitions(pairs) {
  return h('dl', {}, ...pairs.map(([key, value]) => h('div', {}, h('dt', {}, labelOf(key)), h('dd', {}, settingText(key, value)))));
}
