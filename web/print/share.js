/** The Share menu: saves the shown run and those compared with it as one HTML file, which our server makes. */

import { asFileName, download } from '../charts/saving.js';
import { API } from '../core/api.js';
import { button, h, setText } from '../core/dom.js';

/** @param {import('../core/state-types.js').Store} store */
export function mount(menu, store) {
  if (menu.childElementCount) return;
  const network = h('input', { type: 'checkbox' });
  const label = h('label', {}, h('span', {}, 'With the network, for the pad'), network);
  const note = h('p', { class: 'soft', role: 'status' });
  const save = button('Save report', async () => {
    const { log, overlay } = store.state;
    save.disabled = true;
    setText(note, 'Making the report …');
    const answer = await fetch(`report?model=${Number(network.checked)}${log?.runId ? `&run=${[log.runId, ...overlay]}` : ''}`).catch(() => null);
    if (answer?.ok) download(await answer.blob(), `${asFileName(log?.name ?? '')}-report.html`);
    setText(note, answer?.ok ? 'Saved.' : (await answer?.json().catch(() => null))?.error ?? 'The server does not answer.');
    save.disabled = false;
  });
  menu.append(save, label, note);
  store.on(['connection', 'log'], ({ connection, log }) => {
    const isOffered = connection.kind === 'digits' && !API && log !== null;
    save.hidden = !isOffered;
    label.hidden = !isOffered || !log.files.includes('network.json');
    setText(note, isOffered ? 'One file that opens without a server.' : 'Reports are saved by server.py.');
  });
}
