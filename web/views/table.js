/** Heads and rows of tables; `isFigure(column)`: whether a column is right-aligned. */

import { h } from '../core/dom.js';

export const head = (headings, isFigure) => h('thead', {}, h('tr', {}, ...headings.map((heading, column) => h(
  heading ? 'th' : 'td', { scope: heading ? 'col' : null, class: isFigure(column) && 'figure' }, heading,
))));

/**
 * The first cell is the row's header. A cell is a text, an element, or a list of these.
 * @param {any[]} cells
 * @param {(column: number) => boolean} isFigure
 */
export const row = ([name, ...cells], isFigure) => h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((cell, index) => h(
  'td', { class: isFigure(index + 1) && 'figure' }, ...[cell].flat(),
)));
