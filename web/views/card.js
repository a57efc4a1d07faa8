/** A digit that was read: its picture, what the network says, whether that is right, and how sure it is. */

import { h } from '../core/dom.js';
import { likelihood, whole } from '../core/format.js';

export const isRight = ({ label, prediction }) => label !== null && label === prediction;

/**
 * An <li>; `kind` says what image number `index` is of, `probabilities` may be empty where they are not known;
 * `isCalibrated` whether a temperature made the network as sure as it is right.
 */
export function card(answer, picture) {
  const { kind, index, label, prediction, probabilities, sure, isCalibrated } = answer;
  const right = isRight(answer);
  const verdict = right ? '✓ right' : `✗ is ${label ?? '?'}`;
  return h(
    'li',
    { class: right ? 'sample right' : 'sample wrong' },
    picture,
    h(
      'div',
      {},
      h('p', { class: 'unseen' }, index === null ? '' : `${kind} image ${whole(index)}:`),
      h('p', { class: 'verdict' }, h('strong', {}, prediction ?? '?'), h('span', {}, verdict)),
      h('p', { class: 'soft' }, sure === null ? '' : likelihood(sure), h('span', { class: 'soft' }, isCalibrated ? ' sure' : ' sure, uncalibrated')),
    ),
    probabilities.length > 0 && bars(probabilities, prediction, label),
  );
}

function bars(probabilities, prediction, label) {
  const told = probabilities.map((share, digit) => ({ share, text: `${digit}: ${likelihood(share)}` }));
  const likely = told.filter(({ share }) => share >= 0.01).sort((a, b) => b.share - a.share);
  const spoken = `Probabilities ${likely.map(({ text }) => text).join(', ')}`;
  return h('div', { class: 'bars', role: 'img', 'aria-label': spoken }, ...told.map(({ share, text }, digit) => {
    const kind = digit === prediction ? 'said' : digit === label ? 'meant' : null;
    const bar = h('i', { class: kind, title: text }, h('b', {}), digit);
    bar.style.setProperty('--share', share);
    return bar;
  }));
}
