/** The history of a saved drawing: the predictions of each epoch, in a sentence. */

import { likelihood, whole } from '../core/format.js';
import { explanation } from './verdict.js';

/** "7 since epoch 3, now 99.1 %; earlier: 1, 2", or "Not a digit: too much ink; nearest: 7 since epoch 3" */
export function historyOf(epochs, probabilities, verdict) {
  if (!epochs.length || !verdict) return 'Not predicted yet';
  const predictions = epochs.map((epoch) => probabilities.get(epoch).indexOf(Math.max(...probabilities.get(epoch))));
  const last = predictions.at(-1);
  const since = predictions.findLastIndex((digit) => digit !== last) + 1;
  const others = [...new Set(predictions.slice(0, since))].filter((digit) => digit !== last);
  const when = since ? `since epoch ${whole(epochs[since])}` : 'since the first epoch';
  const earlier = others.length ? `; earlier: ${others.join(', ')}` : '';
  if (verdict.status === 'not_a_digit') return `${explanation(verdict).join(': ')} ${when}${earlier}`;
  const now = likelihood(verdict.probabilities[last], verdict.isCalibrated);
  return `${last} ${when}, now ${now}${verdict.status === 'uncertain' ? ', uncertain' : ''}${earlier}`;
}
