/** McNemar's test: whether two models differ significantly on the same images. */

/** @import {Answers} from './confusion.js' */

/**
 * Counts of images that only `a`, or only `b`, classifies correctly.
 * @param {Answers} a
 * @param {Answers} b
 */
export function discordant(a, b) {
  const only = (one, other) => a.labels.filter((label, at) => one[at] === label && other[at] !== label).length;
  return { a: only(a.predictions, b.predictions), b: only(b.predictions, a.predictions) };
}

/**
 * McNemar's exact test, two-sided: the probability of a difference at least this large if both models were equally good
 * (the binomial test of `a` in a + b tosses of a fair coin). Q. McNemar, "Note on the sampling error of the difference
 * between correlated proportions or percentages", Psychometrika, 1947.
 */
export function mcnemar({ a, b }) {
  const n = a + b;
  let term = -n * Math.LN2; // the logarithm of C(n, 0) / 2^n
  let tail = 0;
  for (let k = 0; k <= Math.min(a, b); k += 1) {
    tail += Math.exp(term);
    term += Math.log((n - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}

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
