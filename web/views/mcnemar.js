/** McNemar's test of two models on the same images, as a sentence. */

import { discordant, mcnemar } from '../core/statistics.js';

/** @import {Answers} from '../core/statistics.js' */

/**
 * The result as a sentence; null unless both answer sets are over the same images.
 * @param {Answers | null} shown
 * @param {Answers | null} other
 */
export function verdict(shown, other) {
  if (!shown || !other || shown.labels.length !== other.labels.length) return null;
  if (shown.labels.some((label, index) => label !== other.labels[index])) return null;
  const counts = discordant(shown, other);
  const more = counts.a - counts.b;
  if (!more) return 'Both classify the same number of test images correctly.';
  const images = `${Math.abs(more).toLocaleString('en-US')} ${more > 0 ? 'more' : 'fewer'} test ${Math.abs(more) === 1 ? 'image' : 'images'}`;
  return `The run shown classifies ${images} correctly. If both models were equally good, a difference at least this large `
    + `would occur with probability ${written(mcnemar(counts))} (exact McNemar test).`;
}

const written = (p) => (p < 0.001 ? 'below 0.001' : String(Number(p.toPrecision(2))));
