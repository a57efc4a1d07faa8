/** The strip of test digits: each with its prediction, and whether that is correct. */

import { isCorrect } from './card.js';
import { raster } from '../charts/raster.js';
import { h } from '../core/dom.js';
import { likelihood, whole } from '../core/format.js';
import { nameOf } from '../core/images.js';
import { insteadOf, keptAt } from '../core/timeline.js';
import { imageButton, opensImages, replaceItems } from './image-list.js';

/** @import {Samples} from '../core/artifact-types.js' */

export function mount(element, store) {
  const [list, title] = [element.querySelector('ol'), element.querySelector('[data-part=when]')];
  opensImages(list, store);
  store.on(['samples', 'epoch'], ({ samples: latest, epoch }) => {
    if (!latest) return;
    const { note, ...samples } = samplesAt(latest, epoch);
    const correct = samples.samples.filter(isCorrect).length;
    const when = samples.final ? 'after training' : `after epoch ${whole(samples.epoch)}`;
    title.textContent = `${whole(correct)} of ${whole(samples.samples.length)} correct, ${when}${note && `. ${note}`}`;
    replaceItems(list, samples.samples.map((sample, place) => item(sample, samples, place === 0)));
  });
}

/**
 * The samples as the network read them after the chosen epoch, and a sentence where that was not kept.
 * @param {Samples} latest
 * @param {number | null} epoch
 */
function samplesAt(latest, epoch) {
  const row = epoch === null ? null : keptAt(latest.history, epoch);
  if (!row) return { ...latest, note: epoch === null ? '' : insteadOf('Predictions', epoch, null) };
  const samples = latest.samples.map((sample, place) => {
    const probabilities = row.probabilities[place];
    return { ...sample, probabilities, prediction: probabilities.indexOf(Math.max(...probabilities)) };
  });
  return { ...latest, ...row, final: false, samples, note: insteadOf('Predictions', epoch, row.epoch) };
}

/** A digit of the strip; its title says all. */
function item(sample, { rows, columns, isCalibrated }, isStop) {
  const { index, label, prediction, pixels, probabilities } = sample;
  const isRight = isCorrect(sample);
  const confidence = probabilities[prediction ?? -1] ?? null;
  const certain = `${likelihood(confidence)} confidence${isCalibrated ? '' : ', uncalibrated'}`;
  const verdict = isRight ? 'correct' : `label ${label ?? '?'}`;
  return h(
    'li', { class: isRight ? 'sampled right' : 'sampled wrong', title: `${verdict}, ${certain}` },
    imageButton(index === null ? null : nameOf('test', index), raster(pixels ?? [], rows, columns, { 'aria-hidden': 'true' }), isStop),
    h('span', { class: 'unseen' }, index === null ? '' : `Test image ${whole(index)}: `),
    h('strong', {}, prediction ?? '?'),
    h('span', { class: 'mark', 'aria-hidden': 'true' }, isRight ? '✓' : '✗', !isRight && h('span', {}, ` ${label ?? '?'}`)),
    h('small', {}, likelihood(confidence)),
    h('span', { class: 'unseen' }, `${verdict}, ${certain}`),
  );
}
