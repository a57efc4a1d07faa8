/** The strip of test digits: each with its prediction, and whether that is correct. */

import { isCorrect } from './card.js';
import { raster } from '../charts/raster.js';
import { h } from '../core/dom.js';
import { likelihood, whole } from '../core/format.js';

export function mount(element, store) {
  const [list, title] = [element.querySelector('ol'), element.querySelector('[data-part=when]')];
  store.on(['samples'], ({ samples }) => {
    if (!samples) return;
    const correct = samples.samples.filter(isCorrect).length;
    const when = samples.final ? 'after training' : `after epoch ${whole(samples.epoch)}`;
    title.textContent = `${correct} of ${samples.samples.length} correct, ${when}`;
    list.replaceChildren(...samples.samples.map((sample) => item(sample, samples)));
  });
}

/** A digit of the strip; its title says all. */
function item(sample, { rows, columns, isCalibrated }) {
  const { index, label, prediction, pixels, probabilities } = sample;
  const isRight = isCorrect(sample);
  const confidence = probabilities[prediction ?? -1] ?? null;
  const certain = `${likelihood(confidence)} confidence${isCalibrated ? '' : ', uncalibrated'}`;
  const verdict = isRight ? 'correct' : `label ${label ?? '?'}`;
  return h(
    'li', { class: isRight ? 'strip right' : 'strip wrong', title: `${verdict}, ${certain}` },
    raster(pixels ?? [], rows, columns, { 'aria-hidden': 'true' }),
    h('span', { class: 'unseen' }, index === null ? '' : `Test image ${whole(index)}: `),
    h('strong', {}, prediction ?? '?'),
    h('span', { 'aria-hidden': 'true' }, isRight ? '✓' : `✗ ${label ?? '?'}`),
    h('small', {}, likelihood(confidence)),
    h('span', { class: 'unseen' }, `${verdict}, ${certain}`),
  );
}
