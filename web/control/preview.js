/** The course of the learning rate as a small picture. */

import { h, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { brief, courseOf, lineOf, planOf } from './schedule.js';

const [WIDTH, HEIGHT] = [600, 100];

/** A figure, and a function that draws in it the course for these values of the options. */
export function createPreview() {
  const [area, line] = [h('path', { class: 'area' }), h('path', { class: 'line', 'vector-effect': 'non-scaling-stroke' })];
  const svg = h('svg', { viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, area, line);
  const [top, end, text] = [h('span'), h('span'), h('figcaption', { class: 'soft' })];
  const picture = h('div', { class: 'picture', 'aria-hidden': 'true' }, top, svg, h('span', {}, 'step 1'), end);

  const show = (values) => {
    const plan = planOf(values);
    picture.hidden = !plan;
    setText(text, plan ? courseOf(plan) : 'With these values there is no course of the rate to show.');
    if (!plan) return;
    const pointOf = ([step, rate]) => `${((step / plan.total) * WIDTH).toFixed(2)} ${(HEIGHT * (1 - rate / plan.lr)).toFixed(2)}`;
    const course = `M${lineOf(plan).map(pointOf).join('L')}`;
    line.setAttribute('d', course);
    area.setAttribute('d', `${course}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
    setText(top, brief(plan.lr));
    setText(end, whole(plan.total));
  };
  return { figure: h('figure', { class: 'schedule' }, picture, text), show };
}
