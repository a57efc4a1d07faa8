/** Naming, hiding, keeping and deleting a run. */

import { parseRuns } from '../core/contract.js';
import { button, h, setText } from '../core/dom.js';
import { LIVE } from '../core/polling.js';
import { messageOf, send } from './asking.js';

/** Ask what to do with a run, and do it. */
export function manage(run, inTraining, store) {
  const said = h('p', { role: 'status' }, inTraining ? 'It can be deleted once its training has ended.' : '');
  const field = h('input', { value: run.name, maxlength: 120, autofocus: true });
  let sure = false;

  const act = async (method, wish) => {
    try {
      await change(run.runId, method, wish, store);
      dialog.close();
    } catch (error) {
      setText(said, messageOf(error));
    }
  };
  const remove = ({ detail }) => {
    if (sure) return detail > 1 || act('DELETE'); // a double click is not a confirmation
    sure = true;
    setText(said, 'Its curves, answers and weights are gone for good then.');
    return setText(last, 'Delete for good');
  };
  const last = h('button', { type: 'button', class: 'danger', disabled: inTraining, onclick: remove }, 'Delete');
  const close = () => {
    dialog.remove();
    const opener = document.querySelector(`[data-change="${run.runId}"]`); // the list may have been redrawn
    if (opener instanceof HTMLElement) opener.focus();
  };
  const hide = () => act('POST', { hidden: !run.hidden });
  const keep = () => act('POST', { pinned: !run.pinned });
  const kept = run.pinned ? 'This run is kept, however many come after it.' : 'The oldest runs make room for new ones; those that are kept stay.';
  const form = h(
    'form', { onsubmit: (event) => { event.preventDefault(); act('POST', { name: field.value }); } },
    h('label', {}, 'Name ', field),
    h('p', { class: 'soft' }, kept),
    said,
    h('div', { class: 'picks' },
      h('button', {}, 'Save name'),
      button(run.pinned ? 'Unpin' : 'Keep', keep),
      button(run.hidden ? 'Show in the list' : 'Hide', hide),
      last,
      button('Cancel', () => dialog.close())),
  );
  const dialog = h('dialog', { class: 'card', 'aria-label': `Change ${run.name}`, onclose: close }, form);
  document.body.append(dialog);
  dialog.showModal();
}

/** Throws Refusal. */
async function change(runId, method, wish, store) {
  const { shown, overlay, log, token } = store.state;
  const runs = parseRuns(await send(token, method, `runs/${runId}`, wish));
  store.set({ runs, overlay: overlay.filter((id) => runs.some((run) => run.runId === id && !run.hidden)) });
  if (method !== 'DELETE' || log?.runId !== runId) return;
  if (shown) location.hash = LIVE;
  else store.set({ log: null, liveness: null, live: null });
}
