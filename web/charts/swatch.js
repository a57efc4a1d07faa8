/** The line of a run beside its name, as the charts draw it. */

import { h } from '../core/dom.js';
import { colorOf, dashesOf } from './line-styles.js';

/** @param {number} number of the overlaid run; 0: the shown one's validation curve */
export const swatch = (number) => h(
  'svg', { viewBox: '0 0 24 4', class: `swatch ${colorOf(number)}`, 'aria-hidden': 'true' },
  h('path', { d: 'M0 2h24', 'stroke-dasharray': dashesOf(number).join(' ') }),
);
