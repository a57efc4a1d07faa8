/** Heads and rows of tables; `isFigure(column)` says which columns stand to the right. */

import { h } from '../core/dom.js';

export const head = (headings, isFigure) => h('thead', {}, h('tr', {}, ...headings.map((heading, column) => h(
  heading ? 'th' : 'td', { scope: heading ? 'col' : null, class: isFigure(column) && 'figure' }, heading,
))));

/** The first cell names the row. A cell is a text, an element, or a list of these. */
export const row = ([name, ...cells], isFigure) => h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((cell, index) => h(
  'td', { class: isFigure(index + 1) && 'figure' }, ...[cell].flat(),
)));
