/** Naming, hiding and deleting a run, which the project's own server can do. */

import { parseRuns } from './contract.js';
import { h, setText } from './dom.js';
import { LIVE } from './polling.js';

const LONGEST = 120; // letters of a name, as the server has it

/** Ask what to do with a run, and do it. */
export function manage(run, inTraining, store) {
  const said = h('p', { role: 'status' });
  const field = h('input', { value: run.name, maxlength: LONGEST, autofocus: true });
  let sure = false;

  const act = async (method, wish) => {
    const problem = await send(run.runId, method, wish, store);
    if (problem) setText(said, problem);
    else dialog.close();
  };
  const remove = async () => {
    if (sure) return act('DELETE');
    sure = true;
    setText(said, 'Its curves, answers and weights are gone for good then.');
    return setText(last, 'Delete for good');
  };
  const last = h('button', { type: 'button', class: 'danger', disabled: inTraining, onclick: remove }, 'Delete');
  const hide = () => act('POST', { hidden: !run.hidden });
  const form = h(
    'form', { method: 'dialog', onsubmit: (event) => { event.preventDefault(); act('POST', { name: field.value }); } },
    h('label', {}, 'Name ', field),
    h('p', { class: 'soft' }, inTraining ? 'It can be deleted once its training has ended.' : ''), said,
    h('div', { class: 'picks' },
      h('button', {}, 'Save name'),
      h('button', { type: 'button', onclick: hide }, run.hidden ? 'Show in the list' : 'Hide'),
      last,
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel')),
  );
  const dialog = h('dialog', { class: 'card', 'aria-label': `Change ${run.name}`, onclose: () => dialog.remove() }, form);
  document.body.append(dialog);
  dialog.showModal();
}

/** What went wrong, as a sentence; the list of runs is the server's afterwards. */
async function send(runId, method, wish, store) {
  try {
    const answer = await fetch(`runs/${runId}`, { method, body: wish && JSON.stringify(wish) });
    const value = await answer.json();
    if (!answer.ok) return value.error ?? 'The server refused.';
    const { shown, overlay, log } = store.state;
    const runs = parseRuns(value);
    store.set({ runs, overlay: overlay.filter((id) => runs.some((run) => run.runId === id)) });
    if (method !== 'DELETE' || log?.runId !== runId) return '';
    if (shown) location.hash = LIVE;
    else store.set({ log: null });
    return '';
  } catch {
    return 'The server does not answer.';
  }
}
