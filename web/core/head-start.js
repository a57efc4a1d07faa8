/** The first requests for the run, sent while most modules of the page still arrive: on a slow connection these take seconds. */

import { API, LOG, RUNS, STATUS, folderOf } from './api.js';
import { askEarly, serverKind } from './reader.js';
import { runOf } from './url-state.js';

const SLOW_MS = 1500; // since the page was opened
const SAY_MS = 500; // between two counts of the files

request().catch(() => {}); // the first poll fails in the same way, and reports it
setTimeout(say, SLOW_MS - performance.now());

/** The requests of the first poll, in its order. */
async function request() {
  const isOurs = await serverKind(askEarly) === 'digits';
  const status = isOurs ? JSON.parse((await askEarly(API + STATUS)).text) : null;
  if (runOf(location.hash) !== null) await askEarly(folderOf(null) + RUNS);
  else if (!isOurs || status.liveness) await askEarly(folderOf(null) + LOG);
}

/** Says how many files of the page have arrived, until its modules run. */
function say() {
  const detail = document.querySelector('#header [data-part=detail]');
  if (!detail || document.body.dataset.state) return;
  const links = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link:is([rel=stylesheet], [rel=modulepreload])'));
  const linked = Array.from(links, ({ href }) => href);
  const arrived = linked.filter((href) => performance.getEntriesByName(href).length);
  if (arrived.length < linked.length) {
    detail.textContent = `Slow connection: ${arrived.length} of ${linked.length} files of the page have arrived`;
    detail.classList.remove('late');
  }
  setTimeout(say, SAY_MS);
}
