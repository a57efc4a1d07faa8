/** The runs so far, each a link that shows it. */

import { h, icon } from './dom.js';
import { counted, date, duration, percent, whole } from './format.js';
import { manage } from './manage.js';
import { MOST } from './others.js';
import { LIVE } from './polling.js';

export function mount(element, store) {
  const [list, all] = [element.querySelector('ul'), element.querySelector('input')];
  const controls = () => [...list.querySelectorAll('a, input, button')];
  const draw = ({ runs, shown, liveness, log, connection }) => {
    element.hidden = !runs.length;
    const secret = runs.filter((run) => run.hidden).length;
    all.parentElement.hidden = !secret;
    all.nextSibling.textContent = ` show ${whole(secret)} hidden`;
    const focused = controls().indexOf(document.activeElement);
    list.replaceChildren(...runs.filter((run) => !run.hidden || all.checked).map((run) => {
      const current = shown === null ? run.path === '' : run.runId === shown;
      // The index is only written when a run begins or ends.
      const status = current && liveness && log?.runId === run.runId ? liveness : run.status;
      const change = () => manage(run, !run.path && ['running', 'stalled'].includes(status), store);
      return h(
        'li', {},
        link(run, status, current),
        current ? null : overlay(run, store),
        connection.kind === 'digits' && h('button', { class: 'more', 'aria-label': `Change ${run.name}`, onclick: change }, '⋯'),
      );
    }));
    controls()[focused]?.focus();
  };
  all.addEventListener('change', () => draw(store.state));
  store.on(['runs', 'shown', 'liveness', 'overlay', 'loaded'], draw);
}

/** Whether the run is laid over the one shown. */
function overlay({ runId, name }, store) {
  const chosen = store.state.overlay.includes(runId);
  const box = h('input', { type: 'checkbox', checked: chosen, 'aria-label': `Compare with ${name}` });
  box.addEventListener('change', () => {
    const others = store.state.overlay.filter((id) => id !== runId);
    store.set({ overlay: box.checked ? [...others, runId].slice(-MOST) : others });
  });
  return h('label', { class: 'with' }, box, 'compare');
}

function link(run, status, current) {
  const took = run.startedAt === null || run.updatedAt === null ? null : (run.updatedAt - run.startedAt) / 1000;
  const facts = [
    status,
    run.dataset === 'synthetic' ? 'synthetic digits' : '',
    run.model,
    run.parameters === null ? '' : counted(run.parameters, 'parameter'),
    run.epochs === null ? '' : counted(run.epochs, 'epoch'),
    took === null || status === 'running' ? '' : duration(took),
    date(run.startedAt),
  ];
  return h(
    'a',
    { href: run.path ? `#run=${run.runId}` : LIVE, 'aria-current': current && 'true' },
    icon(status),
    h('span', { class: 'name' }, run.name),
    h('span', { class: 'result' }, result(run)),
    h('span', { class: 'soft' }, facts.filter(Boolean).join(' · ')),
  );
}

function result({ testAccuracy, bestAccuracy }) {
  if (testAccuracy !== null) return `${percent(testAccuracy)} test`;
  return bestAccuracy === null ? '' : `${percent(bestAccuracy)} validation`;
}
