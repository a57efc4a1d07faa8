/** How a network came to read a kept drawing, in a sentence. */

import { likelihood, whole } from '../core/format.js';

/** "7 since epoch 3, now 99.1 %; before also 1, 2"; of what is no digit "Not a digit: too much ink; the nearest is 7 since epoch 3" */
export function storyOf(epochs, course, verdict) {
  if (!epochs.length || !verdict) return 'Not read yet';
  const said = epochs.map((epoch) => course.get(epoch).indexOf(Math.max(...course.get(epoch))));
  const last = said.at(-1);
  const since = said.findLastIndex((digit) => digit !== last) + 1;
  const before = [...new Set(said.slice(0, since))].filter((digit) => digit !== last);
  const when = since ? `since epoch ${whole(epochs[since])}` : 'from the beginning';
  const earlier = before.length ? `; before also ${before.join(', ')}` : '';
  if (verdict.status === 'not_a_digit') return `Not a digit: ${verdict.reason}; the nearest is ${last} ${when}${earlier}`;
  const now = likelihood(verdict.probabilities[last], verdict.isCalibrated);
  return `${last} ${when}, now ${now}${verdict.status === 'uncertain' ? ', not certain at all' : ''}${earlier}`;
}
