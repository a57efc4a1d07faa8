/** The dialog that names, hides, pins or deletes a run. */

import { button, h, setText } from '../core/dom.js';
import { parseRuns } from '../core/run-list.js';
import { SEEDS, messageOf, send } from './requests.js';
import { LIVE } from '../core/url-state.js';

/** Opens the dialog. `newRun` opens the form with the run's settings, or repeats it. */
export function manage(run, inTraining, store, newRun, report) {
  const message = h('p', { role: 'status' }, inTraining ? 'It can be deleted once its training has ended.' : '');
  const field = h('input', { value: run.name, maxlength: 120, autofocus: true });
  let sure = false;

  const act = async (method, body) => {
    try {
      await change(run.runId, method, body, store);
      dialog.close();
    } catch (error) {
      setText(message, messageOf(error));
    }
  };
  const repeat = async (work) => {
    try {
      const sentence = await work(run);
      dialog.close();
      if (sentence) report(sentence);
    } catch (error) {
      setText(message, messageOf(error));
    }
  };
  const remove = ({ detail }) => {
    if (sure) return detail > 1 || act('DELETE'); // a double click is not a confirmation
    sure = true;
    setText(message, 'Its curves, predictions and weights will be deleted permanently.');
    return setText(last, 'Delete permanently');
  };
  const last = h('button', { type: 'button', class: 'danger', disabled: inTraining, onclick: remove }, 'Delete');
  const close = () => {
    dialog.remove();
    const opener = document.querySelector(`[data-change="${run.runId}"]`); // the list may have been redrawn
    if (opener instanceof HTMLElement) opener.focus();
  };
  const hide = () => act('POST', { hidden: !run.hidden });
  const keep = () => act('POST', { pinned: !run.pinned });
  const kept = run.pinned ? 'This run is pinned: it is never deleted automatically.' : 'The oldest runs are deleted to make room for new ones, except pinned ones.';
  const form = h(
    'form', { onsubmit: (event) => { event.preventDefault(); act('POST', { name: field.value }); } },
    h('label', {}, 'Name ', field),
    h('p', { class: 'soft' }, kept),
    message,
    h('div', { class: 'picks' },
      button('Run again\u2026', () => repeat(newRun.again)),
      button(`Repeat with seeds ${SEEDS[0]} to ${SEEDS.at(-1)}`, () => repeat(newRun.repeat))),
    h('div', { class: 'picks' },
      h('button', {}, 'Save name'),
      button(run.pinned ? 'Unpin' : 'Pin', keep),
      button(run.hidden ? 'Show in the list' : 'Hide', hide),
      last,
      button('Cancel', () => dialog.close())),
  );
  const dialog = h('dialog', { class: 'card', 'aria-label': `Change ${run.name}`, onclose: close }, form);
  document.body.append(dialog);
  dialog.showModal();
}

/** Throws Refusal. */
async function change(runId, method, body, store) {
  const { shown, overlay, log, token } = store.state;
  const runs = parseRuns(await send(token, method, `runs/${runId}`, body));
  store.set({ runs, overlay: overlay.map((id) => (runs.some((run) => run.runId === id && !run.hidden) ? id : '')) });
  if (method !== 'DELETE' || log?.runId !== runId) return;
  if (shown) location.hash = LIVE;
  else store.set({ log: null, liveness: null, live: null });
}
