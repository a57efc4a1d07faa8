/** The image in the drawer: its pixels, its answers over the epochs, and the network at the chosen epoch. */

import { want } from '../core/artifacts.js';
import { imageOf } from '../core/images.js';
import { networkAt } from '../pad/epoch-network.js';
import { createAlbum } from '../pad/image-input.js';
import { follow as followNetwork } from '../pad/loader.js';
import { softmax } from '../pad/verdict.js';
import { answerAt, answerOf, filedAnswers, merged } from './answers.js';
import { trainingImage } from './neighbors.js';
import { graysOf, sourceOf } from './pixels.js';

/** @import {State, Store} from '../core/state-types.js' */
/** @import {Network} from '../pad/loader.js' */
/** @import {Answer} from './answers.js' */
/** @import {Cut} from './pixels.js' */

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {number | null} label
 * @property {ArrayLike<number> | null} pixels null: not read yet, or missing
 * @property {boolean} isMissing whether the files have no such image
 * @property {Answer[]} answers ascending by epoch
 * @property {Answer | null} answer at the chosen epoch
 * @property {Network | null} network at the chosen epoch
 * @property {string} note about another epoch than the chosen one
 */

/**
 * Calls `show(subject)` whenever anything about the selected image changes.
 * @param {Store} store
 * @param {(subject: Subject) => void} show
 */
export function followSubject(store, show) {
  const album = createAlbum();
  let current = new Follower(store, album, '', show);
  followNetwork(store);
  for (const key of ['samples', 'predictions', 'embedding']) want(store, key);
  store.on(['selected', 'samples', 'predictions', 'embedding', 'network', 'epoch', 'log'], (state) => {
    const { selected: { image }, folder, log } = state;
    if (!image || !log) {
      current.stop();
      return;
    }
    const key = `${folder} ${log.runId} ${image}`;
    if (current.key !== key) {
      current.stop();
      current = new Follower(store, album, key, show);
    }
    current.update(state);
  });
}

class Follower {
  #store;
  #album;
  #show;
  #isStopped = false;
  /** @type {ArrayLike<number> | null} */
  #pixels = null;
  #url = ''; // from which the pixels were read, or could not be
  #isMissing = false;
  /** @type {Answer[]} */
  #computed = [];
  #isComputing = false;
  #tried = new Set(); // epochs for which the network was asked
  /** @type {{network: Network | null, note: string, latest: Network | null | undefined, epoch: number | null | undefined}} */
  #at = { network: null, note: '', latest: undefined, epoch: undefined };
  #drawn = /** @type {unknown[]} */ ([]);
  #sources = /** @type {unknown[]} */ ([]); // of the answers
  #latest = { label: /** @type {number | null} */ (null), answers: /** @type {Answer[]} */ ([]) };

  constructor(store, album, key, show) {
    this.key = key;
    this.#store = store;
    this.#album = album;
    this.#show = show;
  }

  stop() {
    this.#isStopped = true;
    this.key = '';
  }

  /** @param {State} state */
  update(state) {
    this.#readPixels(state);
    this.#chooseNetwork(state);
    this.#draw();
    this.#complete();
  }

  /** Shows the image if anything about it has changed. */
  #draw() {
    const { selected: { image }, samples, predictions, embedding, epoch, log } = this.#store.state;
    const inputs = [samples, predictions, embedding, epoch, log?.epochs.epoch.length, log?.status, this.#pixels, this.#isMissing, this.#computed, this.#at];
    if (this.#isStopped || !image || inputs.every((input, place) => input === this.#drawn[place])) return;
    this.#drawn = inputs;
    const { label, answers } = this.#known();
    const answer = answerAt(answers, epoch);
    this.#show({
      name: image, label, pixels: this.#pixels, isMissing: this.#isMissing, answers, answer, network: this.#at.network, note: this.#at.note,
    });
  }

  /** The label and the answers, the same array until they change. */
  #known() {
    const { samples, predictions, embedding, log } = this.#store.state;
    const sources = [samples, predictions, embedding, log?.epochs.epoch.length, this.#computed];
    if (sources.some((source, place) => source !== this.#sources[place])) {
      const { label, answers } = this.#filed();
      this.#sources = sources;
      this.#latest = { label, answers: merged([...answers, ...this.#computed]) };
    }
    return this.#latest;
  }

  #filed() {
    const { selected, samples, predictions, embedding, log } = this.#store.state;
    const lastEpoch = log?.epochs.epoch.at(-1) ?? 0;
    const name = selected.image ?? '';
    const { set, index } = imageOf(name);
    if (set === 'training') return { label: trainingImage(embedding, predictions, index)?.label ?? null, answers: [] };
    return filedAnswers(name, { samples, predictions, lastEpoch });
  }

  /** @param {State} state */
  async #readPixels(state) {
    if (this.#pixels) return;
    const source = sourceOf(state);
    const url = source && 'url' in source ? source.url : '';
    if (source && 'pixels' in source) this.#pixels = source.pixels;
    if (!source) this.#isMissing = imageOf(state.selected.image ?? '').set !== 'training' || state.embedding !== null;
    if (this.#pixels || !url || url === this.#url) return;
    this.#url = url;
    const { place, perRow } = /** @type {Cut} */ (source);
    const picture = await this.#album(url, place, perRow).catch(() => null);
    this.#pixels ??= picture && graysOf(picture.image);
    this.#isMissing = !this.#pixels;
    this.#draw();
    this.#complete();
  }

  /** @param {State} state */
  async #chooseNetwork({ network: given, log, epoch }) {
    const latest = given && (!given.plan.runId || given.plan.runId === log?.runId) ? given : null;
    if (latest === this.#at.latest && epoch === this.#at.epoch) return;
    this.#at = { ...this.#at, latest, epoch };
    const { network, note } = latest ? await networkAt(latest, epoch) : { network: null, note: '' };
    if (latest !== this.#at.latest || epoch !== this.#at.epoch) return; // it took too long
    this.#at = { network, note, latest, epoch };
    this.#draw();
  }

  /** The page's network answers for the epochs of which the files lack probabilities: one in each frame. */
  async #complete() {
    if (this.#isComputing) return;
    this.#isComputing = true;
    for (;;) {
      const { latest } = this.#at;
      const epoch = latest ? this.#missing(latest) : null;
      if (!latest || !this.#pixels || epoch === null) break;
      const { network } = await networkAt(latest, epoch);
      if (this.#isStopped) return;
      this.#tried.add(epoch);
      const { plan, forward } = network;
      if (plan.epoch === epoch) {
        const probabilities = softmax(forward(this.#pixels).logits, plan.temperature);
        this.#computed = [...this.#computed, answerOf(epoch, probabilities, plan.temperature !== null)];
      }
      this.#draw();
      await new Promise(requestAnimationFrame);
    }
    this.#isComputing = false;
  }

  /**
   * The chosen epoch, if that is missing, else the first one that is.
   * @param {Network} latest
   */
  #missing({ plan }) {
    const known = this.#filed().answers.filter(({ probabilities }) => probabilities.length).map(({ epoch }) => epoch);
    const wanted = [this.#at.network?.plan.epoch ?? null, plan.epoch, ...plan.epochs];
    return wanted.find((epoch) => epoch !== null && !this.#tried.has(epoch) && !known.includes(epoch)) ?? null;
  }
}
