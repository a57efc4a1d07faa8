/** Sentences about the difference between two sides of a comparison, with its evidence and its limits. */

import { counted, points, pValue, whole } from '../core/format.js';
import { discordant, mcnemar } from '../core/statistics.js';
import { isLowBetter } from './fields.js';

/** @import {Answers} from '../core/statistics.js' */
/** @import {Field} from './fields.js' */
/** @import {Result, Side} from './comparison.js' */

const FEW = 4; // seeds
const MINUS = '−';

/** @typedef {{verdict: string, text: string}} Sentence */

/**
 * Side b compared with side a.
 * @param {Side} a
 * @param {Side} b
 * @param {Field} field
 * @param {Result} result
 * @returns {Sentence}
 */
export function sentenceOf(a, b, field, result) {
  const { kind } = result;
  if (kind === 'unknown') return { verdict: 'Not known yet.', text: `Both need a ${resultName(field)}.` };
  if (kind === 'single run') return ofSingleRun(a, b, field, result);
  if (kind === 'two runs') return ofTwoValues(a, b, field, result);
  return ofMeans(a, b, field, result);
}

function ofMeans(a, b, field, { kind, a: valuesA, b: valuesB, test }) {
  const [difference, low, high] = [test.difference, test.low, test.high];
  const seeds = kind === 'paired' ? `over the ${whole(valuesA.length)} seeds that both have` : `(${counted(valuesB.length, 'seed')} against ${whole(valuesA.length)})`;
  const opening = `${lead(a, b, field, difference)} on average ${seeds}`;
  if (low === high) return { verdict: difference ? 'The same difference for each seed.' : 'No difference.', text: `${opening}. Without any spread there is no interval.` };
  const [from, to] = difference < 0 ? [-high, -low] : [low, high];
  const isDecided = low > 0 || high < 0;
  const name = kind === 'paired' ? 'paired t-test' : "Welch's t-test";
  const text = `${opening}; 95 % interval: ${amount(from, field)} to ${amount(to, field, true)}. If the settings made no difference, seeds alone `
    + `would give one at least this large with probability ${pValue(test.p)} (${name}).`;
  const few = Math.min(valuesA.length, valuesB.length) <= FEW ? ' With so few seeds the interval relies on normally distributed results.' : '';
  const open = isDecided ? '' : ' The interval includes 0: these runs do not show which is better.';
  return { verdict: isDecided ? `${better(a, b, field, difference)} is ahead.` : 'Not decided.', text: text + open + few };
}

/** One run against several: is it one that another seed of the others might have given? */
function ofSingleRun(a, b, field, { a: valuesA, b: valuesB, range }) {
  const [single, others, value, count] = valuesA.length === 1 ? [a, b, valuesA[0], valuesB.length] : [b, a, valuesB[0], valuesA.length];
  const isInside = value >= range.low && value <= range.high;
  const place = isInside ? 'within' : value > range.high ? 'above' : 'below';
  const text = `${single.name} is a single run. Its ${resultName(field)} of ${field.format(value)} is ${place} ${field.format(range.low)} to `
    + `${field.format(range.high)}, where another run of ${others.name} would lie with probability 95 % (prediction interval from ${counted(count, 'seed')}). `
    + `More seeds of ${single.name} would show the difference between the settings.`;
  const [first, second] = [value, value > range.high ? range.high : range.low];
  return { verdict: isInside ? 'Not decided.' : `${better(others, single, field, first - second)} is ahead in this run.`, text };
}

function ofTwoValues(a, b, field, { a: valuesA, b: valuesB }) {
  const text = `${lead(a, b, field, valuesB[0] - valuesA[0])}.`;
  return { verdict: 'One run each.', text };
}

/**
 * Two single runs on the same test images; null unless both answered the same images.
 * @param {Side} a
 * @param {Side} b
 * @param {Answers | null} answersA
 * @param {Answers | null} answersB
 * @returns {Sentence | null}
 */
export function sentenceOfAnswers(a, b, answersA, answersB) {
  if (!answersA || !answersB || answersA.labels.length !== answersB.labels.length) return null;
  if (answersA.labels.some((label, index) => label !== answersB.labels[index])) return null;
  const only = discordant(answersA, answersB);
  const more = only.b - only.a;
  const p = mcnemar(only);
  const counts = `${whole(only.b)} only by ${b.name}, ${whole(only.a)} only by ${a.name}`;
  if (!more) return { verdict: 'Equal.', text: `Both classify the same number of test images correctly (${counts}).` };
  const images = `${whole(Math.abs(more))} ${more > 0 ? 'more' : 'fewer'} of the ${whole(answersA.labels.length)} test images`;
  const text = `${b.name} classifies ${images} correctly than ${a.name} (${counts}). If both networks were equally good, a difference at least `
    + `this large would occur with probability ${pValue(p)} (exact McNemar test).`;
  return { verdict: p < 0.05 ? `${(more > 0 ? b : a).name} is ahead.` : 'Not decided.', text };
}

/**
 * What holds for all sentences of a comparison. Several at once find differences by chance more often.
 * @param {Side[]} sides
 */
export function noteOn(sides) {
  const comparisons = sides.length - 1;
  const isSingle = sides.every(({ runs }) => runs.length === 1);
  return [
    !comparisons && 'Runs of one setting: they show how much the seed alone changes the result.',
    isSingle && 'Single runs compare trained networks, and do not show what another seed would change: to compare settings, train several seeds of each.',
    !isSingle && 'Intervals describe the variation between seeds on the same images, not that of other images.',
    comparisons > 1 && `These are ${whole(comparisons)} comparisons: by chance alone, one of them may well look decided.`,
  ].filter(Boolean).join(' ');
}

function lead(a, b, field, difference) {
  if (!difference) return `${b.name} and ${a.name} have the same ${resultName(field)}`;
  return `${b.name} has a ${difference > 0 ? 'higher' : 'lower'} ${resultName(field)} than ${a.name}, by ${amount(Math.abs(difference), field, true)}`;
}

const better = (a, b, field, difference) => ((difference > 0) === isLowBetter(field) ? a : b).name;
const resultName = ({ label }) => label.charAt(0).toLowerCase() + label.slice(1);

/** 0.13 percentage points, or a number of a loss. */
function amount(value, { type, format }, hasUnit = false) {
  const sign = value < 0 ? MINUS : '';
  if (type !== 'fraction') return sign + format(Math.abs(value));
  return `${sign}${points(value)}${hasUnit ? ' percentage points' : ''}`;
}
