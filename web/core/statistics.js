/** Statistics of a few runs: Student's t intervals and tests, paired and Welch's, and McNemar's exact test. */

import { NO_SPREAD, deviation, mean } from './moments.js';

const EPSILON = 1e-15; // relative precision of continued fraction and quantile
const LEVEL = 0.95;

/** @typedef {{n: number, mean: number, sd: number | null, low: number | null, high: number | null}} Interval sd and limits: null for one value */
/** @typedef {{difference: number, low: number, high: number, t: number, df: number, p: number}} Comparison of means, b minus a */

/**
 * The mean with its t interval.
 * @param {number[]} values at least one
 * @returns {Interval}
 */
export function intervalOf(values, level = LEVEL) {
  const [n, center, sd] = [values.length, mean(values), deviation(values)];
  if (sd === null) return { n, mean: center, sd, low: null, high: null };
  const reach = (tQuantile(level, n - 1) * sd) / Math.sqrt(n);
  return { n, mean: center, sd, low: center - reach, high: center + reach };
}

/**
 * The range in which another value of the same normal distribution lies with that probability.
 * @param {number[]} values at least two
 */
export function predictionOf(values, level = LEVEL) {
  const [n, center, sd] = [values.length, mean(values), deviation(values) ?? NaN];
  const reach = tQuantile(level, n - 1) * sd * Math.sqrt(1 + 1 / n);
  return { low: center - reach, high: center + reach };
}

/**
 * The paired t-test of b - a.
 * @param {number[]} a at least two
 * @param {number[]} b as many, in the same order
 * @returns {Comparison}
 */
export function paired(a, b, level = LEVEL) {
  const differences = b.map((value, index) => value - a[index]);
  const largest = Math.max(...a.map(Math.abs), ...b.map(Math.abs));
  const sd = deviation(differences) ?? NaN;
  return comparison(mean(differences), (sd <= NO_SPREAD * largest ? 0 : sd) / Math.sqrt(a.length), a.length - 1, level);
}

/**
 * Welch's t-test of the means of b and a, whose variances may differ.
 * B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
 * Biometrika, 1947.
 * @param {number[]} a at least two
 * @param {number[]} b at least two
 * @returns {Comparison}
 */
export function welch(a, b, level = LEVEL) {
  const [forA, forB] = [a, b].map((values) => (deviation(values) ?? NaN) ** 2 / values.length);
  const df = (forA + forB) ** 2 / (forA ** 2 / (a.length - 1) + forB ** 2 / (b.length - 1));
  return comparison(mean(b) - mean(a), Math.sqrt(forA + forB), Number.isFinite(df) ? df : a.length + b.length - 2, level);
}

function comparison(difference, error, df, level) {
  const reach = tQuantile(level, df) * error;
  const t = difference === 0 ? 0 : difference / error;
  return { difference, low: difference - reach, high: difference + reach, t, df, p: tProbability(t, df) };
}

/** The probability that |T| >= |t| for Student's t with `df` degrees of freedom (DLMF 8.17.19 with its t = df / (df + t²)). */
export function tProbability(t, df) {
  return Number.isFinite(t) ? incompleteBeta(df / 2, 0.5, df / (df + t * t), (t * t) / (df + t * t)) : 0;
}

/** The t for which |T| < t has that probability; by bisection, as the probability falls with t. */
export function tQuantile(probability, df) {
  const isBelow = (t) => tProbability(t, df) > 1 - probability;
  let high = 1;
  while (isBelow(high)) high *= 2;
  let low = 0;
  while (high - low > EPSILON * high) {
    const half = (low + high) / 2;
    if (half === low || half === high) break;
    if (isBelow(half)) low = half;
    else high = half;
  }
  return high;
}

/** The regularized incomplete beta function I_x(a, b); `rest` is 1 - x, which the caller may know more precisely. */
export function incompleteBeta(a, b, x, rest = 1 - x) {
  if (x <= 0) return 0;
  if (rest <= 0) return 1;
  // The continued fraction converges quickly below the distribution's mean; beyond it the other tail is computed.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, rest, x);
  const scale = a * Math.log(x) + b * Math.log(rest) + logGamma(a + b) - logGamma(a) - logGamma(b);
  return Math.exp(scale) / (a * betaFraction(a, b, x));
}

/** 1 + d1 / (1 + d2 / (1 + ...)) of DLMF 8.17.22, by the modified Lentz method (DLMF 3.10(iii)). */
function betaFraction(a, b, x) {
  let [value, upper, lower] = [1, 1, 0];
  for (let k = 1; k <= 10_000; k += 1) {
    const m = k >> 1;
    const even = (m * (b - m)) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m)) / ((a + 2 * m) * (a + 2 * m + 1));
    const term = (k % 2 ? odd : even) * x;
    lower = 1 / (1 + term * lower);
    upper = 1 + term / upper;
    value *= upper * lower;
    if (Math.abs(upper * lower - 1) < EPSILON) break;
  }
  return value;
}

const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360]; // DLMF 5.11.1

/** The logarithm of the gamma function of a positive number: Stirling's series, beyond 10 by the recurrence. */
export function logGamma(x) {
  let [large, product] = [x, 1];
  for (; large < 10; large += 1) product *= large;
  const series = STIRLING.reduceRight((sum, term) => sum / (large * large) + term, 0) / large;
  return (large - 0.5) * Math.log(large) - large + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

/** @typedef {{labels: number[], predictions: number[]}} Answers */

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
