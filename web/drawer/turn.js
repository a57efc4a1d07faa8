/** The order in which previous and next go through images. */

import { imageOf, nameOf } from '../core/images.js';

/** @import {State} from '../core/state-types.js' */

/**
 * The image `by` places after the selected one: in the list that it was opened from, else, as after a link, in its set; null
 * at the ends, and for a training image without a list.
 * @param {Pick<State, 'selected' | 'listed' | 'predictions'>} state
 * @returns {string | null}
 */
export function inTurn({ selected, listed, predictions }, by) {
  const name = selected.image ?? '';
  const place = listed.indexOf(name);
  if (place >= 0) return listed[place + by] ?? null;
  const { set, index } = imageOf(name);
  const count = predictions?.sets.find(({ kind }) => kind === set)?.labels.length ?? 0;
  return index + by >= 0 && index + by < count ? nameOf(set, index + by) : null;
}
