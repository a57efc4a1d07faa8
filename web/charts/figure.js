/** The markup of a chart: heading, readout, canvas and buttons. */

import { h } from '../core/dom.js';

const LINES = {
  batch: ['Batches', 'spread', null],
  train: ['Training', 'of', 'epoch'],
  validation: ['Validation', 'at', 'epoch'],
};

/** A <figure> for a measure {key, title, hint, nothing, lines}; `isPicture`: without keys. */
export function figure({ key, title, hint, lines, nothing = `No ${title.toLowerCase()} logged yet.` }, isPicture = false) {
  const keys = { tabindex: '0', role: 'slider', 'aria-label': `${title}: arrow keys move the cursor, plus and minus zoom, Escape resets` };
  const part = (tag, name, attributes = {}, ...children) => h(tag, { 'data-part': name, ...attributes }, ...children);
  return h(
    'figure',
    { class: lines.length > 1 ? 'card chart' : 'card chart small', 'data-measure': key },
    h(
      'figcaption', {},
      h('h2', {}, part('span', 'title', {}, title), ' ', part('span', 'hint', { class: 'soft' }, hint)),
      part('p', 'where', { class: 'where soft' }),
    ),
    h('ul', { class: 'readout' }, ...lines.map((line) => {
      const [name, remark, style] = LINES[line];
      return h('li', { class: line }, `${name} `, h('span', {}, part('b', line), ' ', part('small', remark, { class: style })));
    })),
    part('ul', 'others', { class: 'others', hidden: true }),
    h(
      'div', { class: 'canvas' },
      h('canvas', isPicture ? { role: 'img', 'aria-label': title } : keys),
      h('p', { class: 'nothing soft' }, nothing),
    ),
    h(
      'div', { class: 'foot soft' },
      h('p', {}, part('span', 'beyond'), part('span', 'explain')),
      part('button', 'reset', { hidden: true }, 'Reset zoom'),
      h('span', { class: 'save' }, part('button', 'enlarge', {}, 'Enlarge'), 'Save ', ...['PNG', 'SVG', 'CSV'].map((kind) => h(
        'button', { 'data-save': kind, 'aria-label': `Save ${title.toLowerCase()} as ${kind}` }, kind,
      ))),
    ),
  );
}
