/** The list of runs, each a link that shows it. */

import { h, icon, setText } from '../core/dom.js';
import { date, duration, percent, whole } from '../core/format.js';
import { hasFallen } from '../core/insights.js';
import { isAlive, listedLiveness, spanOf } from '../core/status.js';
import { head, row } from './table.js';
import { LIVE, MOST_COMPARED } from '../core/url-state.js';

const COLUMNS = ['Run', 'Test accuracy', 'Compare', 'Status', 'Model', 'Parameters', 'Epochs', 'Time', 'Started', ''];
const FULL = `At most ${MOST_COMPARED} runs can be compared with the shown one: clear another check box first.`;
const FIGURES = new Set(['Test accuracy', 'Parameters', 'Epochs', 'Time']);
const isFigure = (column) => FIGURES.has(COLUMNS[column]);

export function mount(element, store) {
  const body = h('tbody');
  element.querySelector('table').append(head(COLUMNS.map((name) => (name === 'Compare' ? h('span', { class: 'screen' }, name) : name)), isFigure), body);
  const all = element.querySelector('input');
  const refusal = h('p', { class: 'soft', role: 'status' });
  element.querySelector('.scroll').before(refusal);
  const selectorOf = (control) => `[data-run="${control.closest('tr').dataset.run}"] ${control.localName}`; // names may be equal

  const draw = ({ runs, shown, live, manage }) => {
    element.hidden = !runs.length;
    const hidden = runs.filter((run) => run.hidden).length;
    all.parentElement.hidden = !hidden;
    setText(all.nextElementSibling, `show ${whole(hidden)} hidden`);
    const focused = body.contains(document.activeElement) && selectorOf(document.activeElement);
    body.replaceChildren(...runs.filter((run) => !run.hidden || all.checked).map((run) => {
      const current = shown === null ? run.path === '' : run.runId === shown;
      return rowOf(run, listedLiveness(run, live), current, manage, store, () => setText(refusal, FULL));
    }));
    if (focused) body.querySelector(focused)?.focus();
  };
  all.addEventListener('change', () => draw(store.state));
  store.on(['overlay', 'shown'], () => setText(refusal, ''));
  store.on(['runs', 'shown', 'live', 'overlay', 'manage'], draw);
}

function rowOf(run, status, current, manage, store, refuse) {
  const { name, path, runId, dataset, model, parameters, epochs, startedAt, seconds } = run;
  const change = () => manage(run, !path && isAlive(status), store);
  const isFallen = hasFallen(run.bestAccuracy, run.lastAccuracy);
  const link = { href: path ? `#run=${runId}` : LIVE, 'aria-current': current && 'true' };
  const line = row([
    h('a', link, icon(isFallen ? 'notice' : status), h('span', { class: 'name' }, name)),
    accuracy(run),
    current ? '' : overlay(run, store, refuse),
    [[status, run.hidden && 'hidden', run.pinned && 'pinned'].filter(Boolean).join(', '), isFallen && fallen(run)].filter(Boolean),
    dataset === 'synthetic' ? `${model}, synthetic digits` : model,
    whole(parameters), whole(epochs), duration(isAlive(status) ? null : seconds ?? spanOf(run)), date(startedAt),
    manage ? h('button', { class: 'more', 'data-change': runId, 'aria-label': `Change ${name}`, onclick: change }, '⋯') : '',
  ], isFigure);
  line.dataset.run = runId;
  return line;
}

/** The check box that overlays the run. `refuse()` explains why one too many is not. */
function overlay({ runId, name }, store, refuse) {
  const chosen = store.state.overlay.includes(runId);
  const box = h('input', { type: 'checkbox', checked: chosen, 'aria-label': `Compare with ${name}` });
  box.addEventListener('change', () => {
    const { overlay: ids, runs, shown } = store.state;
    const isBeside = (run) => (shown === null ? run.path !== '' : run.runId !== shown);
    const others = ids.filter((id) => id !== runId && runs.some((run) => run.runId === id && isBeside(run)));
    const isFull = box.checked && others.length >= MOST_COMPARED;
    if (isFull) {
      box.checked = false;
      refuse();
    } else store.set({ overlay: box.checked ? [...others, runId] : others });
  });
  return box;
}

function accuracy({ testAccuracy, bestAccuracy, lastAccuracy }) {
  const validation = lastAccuracy ?? bestAccuracy;
  return testAccuracy === null && validation !== null ? `${percent(validation)} validation` : percent(testAccuracy);
}

/** Marks a run whose accuracy fell far below its best. */
const fallen = ({ bestAccuracy }) => h('span', { class: 'fallen' }, icon('notice'), `accuracy fell from ${percent(bestAccuracy)}`);
