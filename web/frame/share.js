/** The Share menu: the shown run and those compared with it, saved as one HTML file by our server. */

import { API } from '../core/api.js';
import { button, h, setText } from '../core/dom.js';
import { asFileName, download } from '../core/download.js';

const BUSY = 503;
const [TRIES, RETRY_MS] = [20, 1000]; // while the server makes another report

/** @param {import('../core/state-types.js').Store} store */
export function mount(menu, store) {
  if (menu.childElementCount) return;
  const network = h('input', { type: 'checkbox' });
  const save = button('Save report', saveReport);
  const withNetwork = h('label', {}, h('span', {}, 'With the network, for the pad'), network);
  const note = h('p', { class: 'soft', role: 'status' });
  menu.append(save, withNetwork, note);

  store.on(['connection', 'log'], ({ connection, log }) => {
    const isOffered = connection.kind === 'digits' && !API && log !== null;
    save.hidden = !isOffered;
    withNetwork.hidden = !isOffered || !log.files.includes('network.json');
    setText(note, isOffered ? 'One file that opens without a server.' : 'Reports are saved by server.py.');
  });

  async function saveReport() {
    const { log, overlay } = store.state;
    save.disabled = true;
    setText(note, 'Making the report …');
    try {
      const answer = await ask(`report?model=${Number(network.checked)}${log?.runId ? `&run=${[log.runId, ...overlay]}` : ''}`);
      if (!answer.ok) throw new Error((await answer.json()).error);
      const blob = await answer.blob();
      download(blob, `${asFileName(log?.name ?? '')}-report.html`);
      setText(note, `Saved: ${(blob.size / 1e6).toFixed(1)} MB`);
    } catch (error) {
      setText(note, error instanceof Error && !(error instanceof TypeError) ? error.message : 'The server does not answer.');
    } finally {
      save.disabled = false;
    }
  }
}

async function ask(url) {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(url);
    if (answer.status !== BUSY || tries === TRIES) return answer;
    await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
  }
}
