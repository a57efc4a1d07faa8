/** The runs so far, each a link that shows it. */

import { h, icon } from './dom.js';
import { counted, date, percent } from './format.js';
import { MOST } from './others.js';
import { LIVE } from './polling.js';

export function mount(element, store) {
  const list = element.querySelector('ul');
  store.on(['runs', 'shown', 'liveness', 'overlay'], ({ runs, shown, liveness, log }) => {
    element.hidden = runs.length < 2;
    list.replaceChildren(...runs.map((run) => {
      const current = shown === null ? run.path === '' : run.runId === shown;
      // The index is only written when a run begins or ends.
      const status = current && liveness && log?.runId === run.runId ? liveness : run.status;
      return h('li', {}, link(run, status, current), current ? null : overlay(run, store));
    }));
  });
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
  const facts = [
    status,
    run.dataset === 'synthetic' ? 'synthetic digits' : '',
    date(run.startedAt),
    run.epochs === null ? '' : counted(run.epochs, 'epoch'),
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
