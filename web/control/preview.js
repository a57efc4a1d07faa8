/** The learning-rate schedule as a small chart. */

import { h, setText } from '../core/dom.js';
import { rate, whole } from '../core/format.js';
import { lineOf, planOf, summaryOf } from './schedule.js';

const [WIDTH, HEIGHT] = [600, 100];

/** A figure, and a function that draws the schedule of some options in it. */
export function createPreview() {
  const [area, line] = [h('path', { class: 'area' }), h('path', { class: 'line', 'vector-effect': 'non-scaling-stroke' })];
  const svg = h('svg', { viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, area, line);
  const [top, end, text] = [h('span'), h('span'), h('figcaption', { class: 'soft' })];
  const picture = h('div', { class: 'picture', 'aria-hidden': 'true' }, top, svg, h('span', {}, 'step 1'), end);

  const show = (values) => {
    const plan = planOf(values);
    picture.hidden = !plan;
    setText(text, plan ? summaryOf(plan) : 'No learning-rate schedule for these values.');
    if (!plan) return;
    const pointOf = ([step, height]) => `${((step / plan.total) * WIDTH).toFixed(2)} ${(HEIGHT * (1 - height / plan.lr)).toFixed(2)}`;
    const path = `M${lineOf(plan).map(pointOf).join('L')}`;
    line.setAttribute('d', path);
    area.setAttribute('d', `${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
    setText(top, rate(plan.lr));
    setText(end, whole(plan.total));
  };
  return { figure: h('figure', { class: 'schedule' }, picture, text), show };
}
