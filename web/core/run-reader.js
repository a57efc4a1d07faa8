/** The shown run's log, the status of the live run and the list of runs, re-read into the store. */

import { API, LOG, RUNS, SITE, STATUS, folderOf } from './api.js';
import { parseLog, parseStatus } from './contract.js';
import { isNews } from './polling.js';
import { parseRuns, withLiveLog } from './run-list.js';
import { livenessOf } from './status.js';
import { OF_RUN } from './store.js';

/** @import {Log, Run, ServerStatus} from './types.js' */
/** @import {Answer, Read} from './reader.js' */
/** @import {Store} from './state-types.js' */

/** @type {Answer} */
const NO_FILE = { missing: true, value: undefined, date: null, written: null };

export class RunReader {
  #store;
  #read;
  #drawn = { ...NO_FILE, shown: /** @type {string | null} */ (null) }; // the file behind the store's log, and its run
  #listed = { value: /** @type {unknown} */ (undefined), runs: /** @type {Run[]} */ ([]) }; // runs.json as it was read last
  #etags = new Map(); // file -> its ETag in the server's status when it was read last
  #listless = /** @type {string | undefined} */ (undefined); // the state of the live run for which another kind of server had no runs.json

  /**
   * @param {Store} store
   * @param {Read} read
   */
  constructor(store, read) {
    this.#store = store;
    this.#read = read;
  }

  /** Re-reads what changed; `isOurs`: whether this project's server answers. Throws Unreachable. */
  async update(isOurs) {
    const status = isOurs ? parseStatus((await this.#read(API + STATUS)).value) : null;
    const { shown } = this.#store.state;
    if (shown === null) await this.#updateLive(status);
    else await this.#updateEarlier(shown, status);
  }

  /** The log comes first: the rest of the page can wait for the list of runs. */
  async #updateLive(status) {
    await this.#updateLiveLog(status);
    const { log, shown } = this.#store.state;
    if (status) await this.#updateRuns(status);
    else if (log && shown === null) await this.#updateRuns(null, `${log.runId} ${log.status} ${log.model?.name}`);
    if (log && shown === null) this.#store.set({ runs: withLiveLog(this.#store.state.runs, log) });
  }

  async #updateLiveLog(status) {
    const { log } = this.#store.state;
    // Without a liveness there is no run, or half a log. The shown one stays until the file itself is gone.
    if (status && !status.liveness && !log) return this.#show(null, null);
    const isLive = this.#drawn.shown === null;
    if (status && log && isLive && !isNews(LOG, status.etags, this.#etags)) return this.#updateLiveness({ reported: status.liveness });
    const answer = await this.#read(folderOf(null) + LOG);
    if (answer.missing) return this.#show(null, null);
    if (this.#showLive(answer, isLive ? log : null, status) && status) this.#etags.set(LOG, status.etags.get(LOG));
    return undefined;
  }

  /** Whether the live log as it was read is on the page now; it is not if it is damaged, or another run was asked for. */
  #showLive(answer, before, status) {
    const circumstances = { reported: status?.liveness, now: answer.date };
    const isSame = before && answer.value === this.#drawn.value && answer.written === this.#drawn.written;
    const log = isSame ? before : parseLog(answer.value, status?.updatedAt ?? answer.written);
    if (!log) return false;
    if (isSame) this.#updateLiveness(circumstances);
    else this.#show(log, null, circumstances, answer);
    return this.#drawn.value === answer.value;
  }

  /** An earlier run doesn't change: its log is read once. The list of runs and the live run's status are followed. */
  async #updateEarlier(id, status) {
    await this.#updateRuns(status);
    this.#setLive(status?.runId, status?.liveness);
    const run = this.#store.state.runs.find(({ runId }) => runId === id);
    if (!run || !run.path) {
      this.#store.set({ missing: run ? null : id, shown: null });
      return this.#updateLive(status);
    }
    if (this.#store.state.log?.runId === id) return undefined;
    const answer = await this.#read(folderOf(id) + LOG);
    return this.#show(parseLog(answer.value, answer.written), id, { isEarlier: !SITE }, answer);
  }

  /**
   * Puts a log on the page, unless another run was asked for meanwhile.
   * @param {Log | null} log
   * @param {string | null} shown
   */
  #show(log, shown, circumstances = {}, answer = NO_FILE) {
    const { log: before, shown: wanted } = this.#store.state;
    if (wanted !== shown) return;
    const liveness = log && livenessOf(log, circumstances);
    const isReplaced = before && shown === null && this.#drawn.shown === null && log?.runId !== before.runId;
    this.#drawn = { ...answer, shown };
    if (shown === null) this.#setLive(log?.runId, liveness);
    this.#store.set({ log, folder: folderOf(shown), liveness, ...(isReplaced && OF_RUN) });
  }

  /** Updates the liveness of an unchanged live log, whose heartbeat may have grown old. */
  #updateLiveness(circumstances) {
    const { log, shown } = this.#store.state;
    if (!log || shown !== null) return;
    const liveness = livenessOf(log, circumstances);
    this.#setLive(log.runId, liveness);
    this.#store.set({ liveness });
  }

  #setLive(runId, liveness) {
    const { live } = this.#store.state;
    if (!liveness) this.#store.set({ live: null });
    else if (live?.runId !== runId || live.liveness !== liveness) this.#store.set({ live: { runId, liveness } });
  }

  /**
   * The list of runs changes when one begins, ends, is named or deleted, here or in another tab. A server without a
   * status is asked at every poll; if it has no list, again once the live run is in another `state`.
   * @param {ServerStatus | null} status
   * @param {string} [state]
   */
  async #updateRuns(status, state) {
    if (status ? !isNews(RUNS, status.etags, this.#etags) : state && state === this.#listless) return;
    const { value, missing } = await this.#read(folderOf(null) + RUNS);
    this.#listless = missing ? state : undefined;
    if (status) this.#etags.set(RUNS, status.etags.get(RUNS));
    if (value !== this.#listed.value) this.#listed = { value, runs: parseRuns(value) };
    this.#store.set({ runs: this.#listed.runs });
  }
}
