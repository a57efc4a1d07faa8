/** The card of a classified image: image, prediction, whether it is correct, and its confidence. */

import { h } from '../core/dom.js';
import { likelihood } from '../core/format.js';
import { titleOf } from '../core/images.js';
import { imageButton } from './image-list.js';

export const isCorrect = ({ label, prediction }) => label !== null && label === prediction;

/**
 * An <li> of an answer (answerOf in mistakes.js); `probabilities` are empty where they are unknown; `isStop`: whether the
 * button that opens the image is the tab stop of its list, null: there is no button.
 * @param {any} answer
 * @param {boolean | null} [isStop]
 */
export function card(answer, image, isStop = null) {
  const { name, label, prediction, probabilities, confidence, isCalibrated } = answer;
  const right = isCorrect(answer);
  const verdict = right ? '✓ correct' : `✗ label ${label ?? '?'}`;
  return h(
    'li',
    { class: right ? 'sample right' : 'sample wrong' },
    imageButton(isStop === null ? null : name, image, isStop),
    h(
      'div',
      {},
      h('p', { class: 'unseen' }, `${titleOf(name)}:`),
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
