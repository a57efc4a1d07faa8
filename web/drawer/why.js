/** Why an image was predicted as it was, in sentences. */

import { likelihood, whole } from '../core/format.js';
import { probabilityOf } from './answers.js';
import { placeOf } from './occlusion.js';

/** @import {Answer} from './answers.js' */
/** @import {Covered} from './occlusion.js' */

const NOTICEABLE = 0.02; // a smaller fall of the probability is no evidence
const MOST_CHANGES = 4; // of the prediction that are listed

/**
 * "Predicted as 3 with 87.2 % confidence. The label, 5, gets 12.1 %."
 * @param {Answer} answer
 * @param {number | null} label
 */
export function verdictSentence(answer, label) {
  const { prediction, confidence, isCalibrated } = answer;
  const predicted = `Predicted as ${prediction} with ${likelihood(confidence)} confidence${isCalibrated ? '' : ' (uncalibrated)'}.`;
  if (label === null) return predicted;
  if (label === prediction) return `${predicted} That is its label.`;
  const share = probabilityOf(answer, label);
  return share === null ? `${predicted} The label is ${label}.` : `${predicted} The label, ${label}, gets ${likelihood(share)}.`;
}

/**
 * "5 in epochs 1 to 3, 3 since epoch 4."
 * @param {Pick<Answer, 'epoch' | 'prediction'>[]} answers ascending
 */
export function historySentence(answers) {
  if (!answers.length) return '';
  const spans = answers.reduce((known, { epoch, prediction }) => {
    const last = known.at(-1);
    if (last?.prediction === prediction) return [...known.slice(0, -1), { ...last, to: epoch }];
    return [...known, { prediction, from: epoch, to: epoch }];
  }, /** @type {{prediction: number, from: number, to: number}[]} */ ([]));
  const last = /** @type {any} */ (spans.at(-1));
  if (spans.length === 1) return `Predicted as ${last.prediction} after every epoch.`;
  const since = `${last.prediction} since epoch ${whole(last.from)}`;
  if (spans.length - 1 > MOST_CHANGES) return `The prediction changed ${spans.length - 1} times: ${since}.`;
  return `Predicted as ${[...spans.slice(0, -1).map(spanInWords), since].join(', ')}.`;
}

const spanInWords = ({ prediction, from, to }) => `${prediction} ${from === to ? `in epoch ${whole(from)}` : `in epochs ${whole(from)} to ${whole(to)}`}`;

/**
 * "Covering the top right lowers the probability of 3 from 87.2 % to 12.0 %; the prediction becomes 5."
 * @param {Covered} most the patch that lowers the probability most
 * @param {number[]} probabilities of the whole image
 */
export function occlusionSentence({ corner, drop, probability, prediction }, probabilities) {
  const now = Math.max(...probabilities);
  const digit = probabilities.indexOf(now);
  if (drop < NOTICEABLE) return `No patch lowers the probability of ${digit} noticeably: no part decides alone.`;
  const change = prediction === digit ? '' : `; the prediction becomes ${prediction}`;
  return `Covering ${placeOf(corner)} lowers the probability of ${digit} from ${likelihood(now)} to ${likelihood(probability)}${change}.`;
}
