/** The picture and its occlusion map: computed beside the page, with its progress, until it is done or stopped. */

import { paint } from '../charts/raster.js';
import { h, setText } from '../core/dom.js';
import { oncePerFrame } from '../core/redraw.js';
import { createNetwork } from '../pad/network.js';
import { softmax } from '../pad/verdict.js';
import { compute } from './background.js';
import { SIDE, compared, corners, covered, decisive, mapOf } from './occlusion.js';
import { occlusionSentence } from './why.js';

/** @import {Subject} from './subject.js' */
/** @import {Covered} from './occlusion.js' */
/** @typedef {Pick<Subject, 'name' | 'pixels' | 'isMissing' | 'network'>} Explained */

const BLANK = new Uint8Array(SIDE * SIDE);
const [LOWERS, RAISES] = [[255, 110, 40], [70, 150, 255]]; // on black, in both themes; apart for color-blind readers
const FULL = 0.05; // a smaller fall of the probability gets no full color
const SETTLED_MS = 250; // while the scrubber moves, nothing is computed
const PLACES = corners();

export class Evidence {
  #picture = canvasOf('The image, 28 by 28 pixels');
  #map = canvasOf('Occlusion map');
  #progress = h('progress', { max: PLACES.length, 'aria-label': 'Progress of the occlusion map', hidden: true });
  #toggle = h('button', { type: 'button', hidden: true, onclick: () => (this.#task ? this.#pause() : this.#start()) });
  #sentence = h('p', { role: 'status', class: 'occlusion' });
  /** @type {AbortController | null} */
  #task = null;
  #timer = 0;
  /** @type {Explained | null} */
  #subject = null;
  #shown = ''; // image, run and epoch of the map

  element = h('div', {},
    h('div', { class: 'evidence' },
      h('figure', {}, this.#picture, h('figcaption', {}, 'Image')),
      h('figure', {}, this.#map, h('figcaption', {}, 'Occlusion map', this.#progress, this.#toggle))),
    this.#sentence,
    h('p', { class: 'soft' }, h('i', { class: 'lowers' }), ' covering it lowers the probability of the prediction, ', h('i', { class: 'raises' }), ' raises it (Zeiler and Fergus, 2014)'));

  /** @param {Explained} subject */
  show(subject) {
    const { name, pixels, network, isMissing } = subject;
    this.#subject = subject;
    const wanted = `${name} ${pixels !== null} ${isMissing} ${network?.plan.runId} ${network?.plan.epoch}`;
    if (wanted === this.#shown) return;
    this.stop();
    this.#shown = wanted;
    paint(this.#picture, pixels ?? BLANK, SIDE, SIDE);
    paintMap(this.#map, pixels ?? BLANK, BLANK);
    setText(this.#sentence, pixels && network ? '' : absence(subject));
    if (pixels && network) this.#timer = setTimeout(() => this.#start(), SETTLED_MS);
  }

  /** Ends the computation; the next `show` begins again. */
  stop() {
    clearTimeout(this.#timer);
    this.#task?.abort();
    this.#finish('');
    this.#shown = '';
  }

  #pause() {
    this.#task?.abort();
    this.#finish('Compute');
    setText(this.#sentence, 'The occlusion map is incomplete.');
  }

  #finish(label) {
    this.#task = null;
    this.#progress.hidden = true;
    this.#toggle.hidden = !label;
    setText(this.#toggle, label);
  }

  async #start() {
    const { network, pixels } = this.#subject ?? {};
    if (!network || !pixels) return;
    const { signal } = this.#task = new AbortController();
    this.#progress.value = 0;
    this.#progress.hidden = this.#toggle.hidden = false;
    setText(this.#toggle, 'Stop');
    setText(this.#sentence, 'Covering one part of the image after the other …');
    const plan = { ...network.plan, views: 1 }; // shifted copies would take five times as long for the same map
    const { temperature } = plan;
    const probabilities = softmax(createNetwork(plan, network.numbers)(pixels).logits, temperature);
    /** @type {Covered[]} */
    const results = [];
    const redraw = oncePerFrame(() => {
      if (signal.aborted) return;
      this.#progress.value = results.length;
      paintMap(this.#map, pixels, mapOf(results));
    });
    const isDone = await compute({ plan, numbers: network.numbers }, PLACES.map((corner) => covered(pixels, corner)), signal, (logits, place) => {
      results.push(compared(probabilities, logits, temperature, PLACES[place]));
      redraw();
    });
    if (signal.aborted) return;
    this.#finish('');
    setText(this.#sentence, isDone ? occlusionSentence(decisive(results), probabilities) : 'This browser can’t compute the occlusion map.');
  }
}

const canvasOf = (label) => h('canvas', { width: SIDE, height: SIDE, role: 'img', 'aria-label': label });

function absence({ pixels, isMissing, network }) {
  if (isMissing) return 'The picture of this image is not in the files of the run.';
  return pixels && !network ? 'The occlusion map needs a network that the page can compute.' : '';
}

/** The image in gray, and over it the fall of the probability in color. */
function paintMap(canvas, pixels, drops) {
  const most = drops.reduce((known, drop) => Math.max(known, Math.abs(drop)), FULL);
  const context = canvas.getContext('2d');
  const image = context.createImageData(SIDE, SIDE);
  drops.forEach((drop, at) => {
    const [color, share] = [drop > 0 ? LOWERS : RAISES, Math.abs(drop) / most];
    const gray = pixels[at] * 0.5;
    image.data.set([...color.map((part) => gray + (part - gray) * share * 0.85), 255], 4 * at);
  });
  context.putImageData(image, 0, 0);
}
