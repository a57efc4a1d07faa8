/** The test samples: a card for each. */

import { card, isCorrect } from './card.js';
import { whole } from '../core/format.js';
import { raster } from '../charts/raster.js';

export function mount(element, store) {
  const [list, title] = [element.querySelector('ol'), element.querySelector('[data-part=when]')];
  store.on(['samples'], ({ samples }) => {
    if (!samples) return;
    const correct = samples.samples.filter(isCorrect).length;
    const when = samples.final ? 'after training' : `after epoch ${whole(samples.epoch)}`;
    title.textContent = `${correct} of ${samples.samples.length} correct, ${when}`;
    list.replaceChildren(...samples.samples.map((sample) => {
      const confidence = sample.probabilities[sample.prediction ?? -1] ?? null;
      const image = raster(sample.pixels ?? [], samples.rows, samples.columns, { 'aria-hidden': 'true' });
      return card({ ...sample, kind: 'Test', confidence, isCalibrated: samples.isCalibrated }, image);
    }));
  });
}
