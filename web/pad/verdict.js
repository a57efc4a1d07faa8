/** The verdict on ten logits: probabilities, and whether the image is a digit, as in digits/inference/predict.py. */

import { IMAGE_FLAWS, REASONS, rejectionReason } from './input-checks.js';

/** @import {Prepared} from './prepare.js' */
/** @import {Plan} from './plan.js' */

export const UNCERTAIN = 0.6; // a lower probability of the predicted digit comes with a warning

/**
 * @typedef {object} Verdict
 * @property {'empty' | 'not_a_digit' | 'uncertain' | 'ok'} status
 * @property {number} label the predicted digit
 * @property {number[]} probabilities
 * @property {boolean} isCalibrated
 * @property {number[]} ranking digits by falling probability
 * @property {string | null} reason why the image is rejected, one of REASONS
 */

/**
 * Ten probabilities; without a temperature (null) they are uncalibrated.
 * @param {ArrayLike<number>} logits
 * @param {number | null} temperature
 */
export function softmax(logits, temperature) {
  const scaled = Array.from(logits, (logit) => logit / (temperature ?? 1));
  const score = oodScore(scaled);
  return scaled.map((logit) => Math.exp(logit + score));
}

/** The out-of-distribution score: the energy -log sum exp, low for images like those of the training set. */
export function oodScore(logits) {
  const most = Math.max(...logits);
  return -(most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0)));
}

/**
 * @param {Pick<Prepared, 'pixels' | 'parts' | 'touchesEdge' | 'fillsCorner' | 'isTouching'>} prepared
 * @param {Float32Array | number[]} logits
 * @param {Pick<Plan, 'temperature' | 'oodThreshold'>} plan
 * @returns {Verdict}
 */
export function judge(prepared, logits, plan) {
  const probabilities = softmax(logits, plan.temperature);
  const ranking = probabilities.map((_, digit) => digit).sort((a, b) => probabilities[b] - probabilities[a]);
  const [label] = ranking;
  const isOutlier = plan.oodThreshold !== null && oodScore(logits) > plan.oodThreshold;
  const flaw = rejectionReason(prepared, isOutlier);
  const reason = flaw && prepared.isTouching ? REASONS.touching : flaw;
  const isBlank = !prepared.pixels.some((pixel) => pixel > 0);
  const certainty = probabilities[label] >= UNCERTAIN ? 'ok' : 'uncertain';
  const status = isBlank ? 'empty' : reason ? 'not_a_digit' : certainty;
  return { status, label, probabilities, isCalibrated: plan.temperature !== null, ranking, reason };
}

/** A rejection in two parts: ["Unclear", "looks like 1, but touches the edge"] or ["Not a digit", "far too much ink; nearest: 1"]. */
export function explanation({ label, probabilities, reason }) {
  const isUnclear = IMAGE_FLAWS.includes(reason) && probabilities[label] >= UNCERTAIN;
  return isUnclear ? ['Unclear', `looks like ${label}, but ${reason}`] : ['Not a digit', `${reason}; nearest: ${label}`];
}
