/** The card of a classified image: image, prediction, whether it is correct, and its confidence. */

import { h } from '../core/dom.js';
import { likelihood, whole } from '../core/format.js';

export const isCorrect = ({ label, prediction }) => label !== null && label === prediction;

/** An <li> for image number `index` of the set `kind`; `probabilities` are empty where they are unknown. */
export function card(answer, image) {
  const { kind, index, label, prediction, probabilities, confidence, isCalibrated } = answer;
  const right = isCorrect(answer);
  const verdict = right ? '✓ correct' : `✗ label ${label ?? '?'}`;
  return h(
    'li',
    { class: right ? 'sample right' : 'sample wrong' },
    image,
    h(
      'div',
      {},
      h('p', { class: 'unseen' }, index === null ? '' : `${kind} image ${whole(index)}:`),
      h('p', { class: 'verdict' }, h('strong', {}, prediction ?? '?'), h('span', {}, verdict)),
      h('p', { class: 'soft' }, confidence === null ? '' : likelihood(confidence), h('span', { class: 'wide' }, ' confidence'), isCalibrated ? '' : ', uncalibrated'),
    ),
    probabilities.length > 0 && bars(probabilities, prediction, label),
  );
}

function bars(probabilities, prediction, label) {
  const labeled = probabilities.map((share, digit) => ({ share, text: `${digit}: ${likelihood(share)}` }));
  const likely = labeled.filter(({ share }) => share >= 0.01).sort((a, b) => b.share - a.share);
  const spoken = `Probabilities ${likely.map(({ text }) => text).join(', ')}`;
  return h('div', { class: 'bars', role: 'img', 'aria-label': spoken }, ...labeled.map(({ share, text }, digit) => {
    const kind = digit === prediction ? 'prediction' : digit === label ? 'label' : null;
    const bar = h('i', { class: kind, title: text, 'data-share': share >= 0.01 ? likelihood(share) : null }, h('b', {}), digit);
    bar.style.setProperty('--share', share);
    return bar;
  }));
}
