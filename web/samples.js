/** The test samples: picture, what the network says, whether that is right, and how sure it is. */

import { h } from './dom.js';
import { percent, whole } from './format.js';

export function mount(element, store) {
  const [list, title] = [element.querySelector('ol'), element.querySelector('[data-part=when]')];
  store.on(['samples'], ({ samples }) => {
    element.hidden = !samples;
    if (!samples) return;
    const right = samples.samples.filter(isRight).length;
    const when = samples.final ? 'after training' : `after epoch ${whole(samples.epoch)}`;
    title.textContent = `${right} of ${samples.samples.length} right, ${when}`;
    list.replaceChildren(...samples.samples.map((sample) => card(sample, samples)));
  });
}

const isRight = ({ label, prediction }) => label !== null && label === prediction;

function card(sample, { rows, columns }) {
  const { index, label, prediction, probabilities } = sample;
  const right = isRight(sample);
  const sure = probabilities[prediction];
  const verdict = right ? '✓ right' : `✗ is ${label ?? '?'}`;
  return h(
    'li',
    { class: right ? 'sample right' : 'sample wrong' },
    picture(sample.pixels, rows, columns),
    h(
      'div',
      {},
      h('p', { class: 'unseen' }, index === null ? '' : `Test image ${whole(index)}:`),
      h('p', { class: 'verdict' }, h('strong', {}, prediction ?? '?'), h('span', {}, verdict)),
      h('p', { class: 'soft' }, sure === undefined ? '' : percent(sure, 1), h('span', { class: 'soft' }, ' sure')),
    ),
    bars(probabilities, prediction, label),
  );
}

function picture(pixels, rows, columns) {
  const canvas = h('canvas', { width: columns, height: rows, 'aria-hidden': 'true' });
  if (!pixels) return canvas;
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  pixels.forEach((ink, place) => image.data.set([ink, ink, ink, 255], 4 * place));
  context.putImageData(image, 0, 0);
  return canvas;
}

function bars(probabilities, prediction, label) {
  const told = probabilities.map((share, digit) => ({ share, text: `${digit}: ${percent(share, 1)}` }));
  const likely = told.filter(({ share }) => share >= 0.01).sort((a, b) => b.share - a.share);
  const spoken = `Probabilities ${likely.map(({ text }) => text).join(', ')}`;
  return h('div', { class: 'bars', role: 'img', 'aria-label': spoken }, ...told.map(({ share, text }, digit) => {
    const kind = digit === prediction ? 'said' : digit === label ? 'meant' : null;
    const bar = h('i', { class: kind, title: text }, h('b', {}), String(digit));
    bar.style.setProperty('--share', share);
    return bar;
  }));
}
