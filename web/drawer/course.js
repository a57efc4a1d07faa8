/** The course of an image over the epochs: the probability of its label as a curve, and the predicted digits. */

import { h, setText } from '../core/dom.js';
import { likelihood, whole } from '../core/format.js';
import { HEIGHT, WIDTH, pathOf } from '../views/sparkline.js';
import { probabilityOf } from './answers.js';
import { historySentence } from './why.js';

/** @import {Subject} from './subject.js' */

/** `element`, and `show(subject)`; a click on the curve chooses its epoch by `choose(epoch)`. */
export function createCourse(choose) {
  const [curve, cursor] = [h('path', { class: 'curve' }), h('path', { class: 'cursor' })];
  const svg = h('svg', { class: 'sparkline course-curve', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' }, cursor, curve);
  const digits = h('ol', { class: 'predicted', 'aria-hidden': 'true' });
  const [sentence, caption] = [h('p'), h('p', { class: 'soft' })];
  const chart = h('div', { class: 'course-chart' }, svg, digits);
  const element = h('section', {}, h('h3', {}, 'History over the epochs'), sentence, chart, caption);
  /** @type {Subject['answers']} */
  let answers = [];
  let here = -1; // the place of the answer that is shown
  chart.addEventListener('click', ({ clientX }) => {
    const { left, width } = chart.getBoundingClientRect();
    const place = Math.round(((clientX - left) / width) * (answers.length - 1));
    if (answers[place]) choose(answers[place].epoch);
  });
  return {
    element,
    /** @param {Subject} subject */
    show(subject) {
      const place = subject.answer ? subject.answers.indexOf(subject.answer) : -1;
      if (subject.answers === answers && place === here) return; // another network: nothing has changed here
      [answers, here] = [subject.answers, place];
      const digit = subject.label ?? subject.answer?.prediction ?? 0;
      const values = answers.map((answer) => probabilityOf(answer, digit));
      chart.hidden = answers.length < 2;
      curve.setAttribute('d', pathOf(values, [0, 1]));
      const x = (place / Math.max(1, answers.length - 1)) * WIDTH;
      cursor.setAttribute('d', place < 0 ? '' : `M${x} 0L${x} ${HEIGHT}`);
      digits.replaceChildren(...answers.map(({ prediction }, at) => h('li', { class: [prediction !== subject.label && 'wrong', at === place && 'here'].filter(Boolean).join(' ') }, prediction)));
      digits.classList.toggle('many', answers.length > 30);
      setText(sentence, answers.length ? historySentence(answers) : 'Nothing is known about earlier epochs.');
      setText(caption, chart.hidden ? '' : captionOf(subject, digit, values[place] ?? null));
      svg.ariaLabel = `Probability of ${digit} over the epochs. ${sentence.textContent}`;
    },
  };
}

function captionOf({ answer, label, answers }, digit, now) {
  const what = label === null ? `predicted digit, ${digit}` : `label, ${digit}`;
  const span = `epochs ${whole(answers[0].epoch)} to ${whole(answers[answers.length - 1].epoch)}`;
  return `Curve: probability of the ${what}, 0 to 100 %, ${span}${now === null ? '' : `; after epoch ${whole(answer.epoch)}: ${likelihood(now)}`}. Below: the predicted digits.`;
}
