/** The run's options, data and machine, and the command that repeats it. */

import { h } from './dom.js';
import { date, whole } from './format.js';

const COPIED_MS = 2000;

export function mount(element, store) {
  const part = (name) => element.querySelector(`[data-part=${name}]`);
  const [lists, command, copy] = ['lists', 'command', 'copy'].map(part);
  let drawn = '';
  store.on(['log'], ({ log }) => {
    element.hidden = !log;
    if (!log) return;
    const groups = groupsOf(log);
    const news = JSON.stringify([groups, log.command]);
    if (news === drawn) return;
    drawn = news;
    command.textContent = log.command;
    command.parentElement.hidden = !log.command;
    lists.replaceChildren(...groups.map(([title, pairs]) => h('div', {}, h('h3', {}, title), definitions(pairs))));
  });
  copy.addEventListener('click', async () => {
    copy.textContent = (await copied(command)) ? 'Copied' : 'Selected: press Ctrl C';
    setTimeout(() => { copy.textContent = 'Copy'; }, COPIED_MS);
  });
}

function groupsOf({ config, environment, dataset, runId, startedAt }) {
  const images = (key) => [key, dataset[key] === null ? '' : `${whole(dataset[key])} images`];
  const data = dataset ? [
    ['name', dataset.name],
    ...['train', 'validation', 'test'].map(images),
    ['sha256', dataset.sha256 && `${dataset.sha256.slice(0, 16)}…`],
  ] : [];
  const run = [['run', runId], ['started', date(startedAt)], ...environment];
  return [['Options', config], ['Data', data], ['Machine', run]]
    .map(([title, pairs]) => [title, pairs.filter(([, value]) => value !== '')])
    .filter(([, pairs]) => pairs.length);
}

function definitions(pairs) {
  const entries = pairs.map(([key, value]) => [h('dt', {}, key.replaceAll('_', ' ')), h('dd', {}, value)]);
  return h('dl', {}, ...entries.map((entry) => h('div', {}, ...entry)));
}

async function copied(command) {
  try {
    await navigator.clipboard.writeText(command.textContent);
    return true;
  } catch { // only granted to https and this machine
    getSelection().selectAllChildren(command);
    return false;
  }
}
