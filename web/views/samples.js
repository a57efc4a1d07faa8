/** The test samples: picture, what the network says, whether that is right, and how sure it is. */

import { card, isRight } from './card.js';
import { whole } from '../core/format.js';
import { raster } from '../charts/raster.js';

export function mount(element, store) {
  const [list, title] = [element.querySelector('ol'), element.querySelector('[data-part=when]')];
  store.on(['samples'], ({ samples }) => {
    if (!samples) return;
    const right = samples.samples.filter(isRight).length;
    const when = samples.final ? 'after training' : `after epoch ${whole(samples.epoch)}`;
    title.textContent = `${right} of ${samples.samples.length} right, ${when}`;
    list.replaceChildren(...samples.samples.map((sample) => {
      const sure = sample.probabilities[sample.prediction] ?? null;
      return card({ ...sample, kind: 'Test', sure, isCalibrated: samples.isCalibrated }, raster(sample.pixels ?? [], samples.rows, samples.columns, { 'aria-hidden': 'true' }));
    }));
  });
}
