/** Answers of the network to one image, epoch by epoch: those in the run's files, completed by the page's own network. */

import { keptAt } from '../core/timeline.js';
import { imageOf } from '../core/images.js';

/** @import {Predictions, Samples} from '../core/artifact-types.js' */

/**
 * @typedef {object} Answer
 * @property {number} epoch
 * @property {number} prediction
 * @property {number} confidence the probability of the prediction
 * @property {number[]} probabilities none where the files keep the confidence only
 * @property {boolean} isCalibrated
 */

/**
 * The label of an image, null if unknown, and the answers in the files, ascending by epoch. The test set is evaluated once,
 * after `lastEpoch`.
 * @param {string} name
 * @param {{samples: Samples | null, predictions: Predictions | null, lastEpoch: number}} files
 * @returns {{label: number | null, answers: Answer[]}}
 */
export function filedAnswers(name, { samples, predictions, lastEpoch }) {
  const { set, index } = imageOf(name);
  const sets = predictions?.sets.filter(({ kind }) => kind === set) ?? [];
  const found = sets.filter(({ labels }) => index < labels.length);
  const place = set === 'test' && samples ? samples.samples.findIndex((sample) => sample.index === index) : -1;
  const sampled = place < 0 || !samples ? [] : [
    ...samples.history.map((row) => answerOf(row.epoch, row.probabilities[place], row.isCalibrated)),
    answerOf(samples.epoch ?? lastEpoch, samples.samples[place].probabilities, samples.isCalibrated),
  ];
  const listed = found.map((one) => ({
    epoch: one.epoch ?? lastEpoch,
    prediction: one.predictions[index],
    confidence: one.confidences[index],
    probabilities: one.probabilities.get(index) ?? [],
    isCalibrated: one.isCalibrated,
  }));
  const label = found[0]?.labels[index] ?? samples?.samples[place]?.label ?? null;
  return { label, answers: merged([...listed, ...sampled.filter(({ probabilities }) => probabilities.length === 10)]) };
}

/** @returns {Answer} */
export function answerOf(epoch, probabilities, isCalibrated) {
  const confidence = Math.max(...probabilities);
  return { epoch, prediction: probabilities.indexOf(confidence), confidence, probabilities, isCalibrated };
}

/**
 * One answer for each epoch, ascending: the first given. Where that has its confidence only, a later one's other probabilities
 * complete it.
 * @param {Answer[]} answers
 * @returns {Answer[]}
 */
export function merged(answers) {
  /** @type {Map<number, Answer>} */
  const byEpoch = new Map();
  for (const answer of answers) {
    const known = byEpoch.get(answer.epoch);
    if (!known) byEpoch.set(answer.epoch, answer);
    else if (!known.probabilities.length && answer.probabilities.length) {
      byEpoch.set(answer.epoch, { ...known, probabilities: answer.probabilities.with(known.prediction, known.confidence) });
    }
  }
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}

/**
 * The answer at the chosen epoch, or the last one before it.
 * @param {Answer[]} answers
 * @param {number | null} epoch
 */
export const answerAt = (answers, epoch) => keptAt(answers, epoch) ?? answers[0] ?? null;

/** The probability of a digit in an answer; null where only the confidence in another one is known. */
export const probabilityOf = ({ prediction, confidence, probabilities }, digit) => probabilities[digit] ?? (digit === prediction ? confidence : null);
