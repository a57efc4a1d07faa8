/** Is one network better than another on the same images, or may it be chance? */

/** Of images that only one of two answer sets reads rightly: how many only `a` does, and how many only `b`. */
export function discordant(a, b) {
  const only = (one, other) => a.labels.filter((label, at) => one[at] === label && other[at] !== label).length;
  return { a: only(a.predictions, b.predictions), b: only(b.predictions, a.predictions) };
}

/**
 * McNemar's exact test, two-sided: how often chance alone gives a difference at least this large, if both read equally
 * well. Q. McNemar, "Note on the sampling error of the difference between correlated proportions", 1947.
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

/** In a plain sentence. `shown` and `other` are answer sets over the same images; else null. */
export function verdict(shown, other) {
  if (!shown || !other || shown.labels.length !== other.labels.length) return null;
  if (shown.labels.some((label, index) => label !== other.labels[index])) return null;
  const counts = discordant(shown, other);
  const more = counts.a - counts.b;
  if (!more) return 'Both read equally many digits of the test set.';
  const digits = `${Math.abs(more).toLocaleString('en-US')} ${more > 0 ? 'more' : 'fewer'} ${Math.abs(more) === 1 ? 'digit' : 'digits'}`;
  return `The run shown reads ${digits}; ${chance(mcnemar(counts))}`;
}

function chance(p) {
  if (p < 0.001) return 'chance alone would hardly ever make such a difference.';
  const whole = p >= 0.095 ? 10 : p >= 0.0095 ? 100 : 1000;
  const part = Math.round(p * whole);
  if (part === whole) return 'chance alone makes such a difference as a rule.';
  const times = part === 1 ? 'once' : `${part} times`;
  const size = p > 0.05 ? 'small' : 'large';
  return `a difference this ${size} happens by chance ${times} in ${whole.toLocaleString('en-US')}.`;
}
