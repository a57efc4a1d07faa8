/** What is made of ten logits: probabilities, and whether that is a digit at all. The same as digits/inference/predict.py does. */

import { refused } from './input-checks.js';

const UNCERTAIN = 0.6; // a lower probability of the likeliest digit comes with a warning

/** Ten numbers that sum to 1; without a temperature (null) they are uncalibrated. */
export function softmax(logits, temperature) {
  const scaled = Array.from(logits, (logit) => logit / (temperature ?? 1));
  const least = energy(scaled);
  return scaled.map((logit) => Math.exp(logit + least));
}

/** -log sum exp: low where a picture is like what the network was trained on. */
export function energy(logits) {
  const most = Math.max(...logits);
  return -(most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0)));
}

/**
 * {status, label, probabilities, isCalibrated, ranking, reason}: status is empty, not_a_digit, uncertain or ok;
 * `prepared` as prepare.js gives it, `plan` as plan.js does.
 */
export function judge(prepared, logits, plan) {
  const probabilities = softmax(logits, plan.temperature);
  const ranking = probabilities.map((_, digit) => digit).sort((a, b) => probabilities[b] - probabilities[a]);
  const [label] = ranking;
  const unlike = plan.energyLimit !== null && energy(logits) > plan.energyLimit ? 'nothing like a digit' : null;
  const reason = refused(prepared) ?? unlike;
  const isBlank = !prepared.pixels.some((pixel) => pixel > 0);
  const sure = probabilities[label] >= UNCERTAIN ? 'ok' : 'uncertain';
  const status = isBlank ? 'empty' : reason ? 'not_a_digit' : sure;
  return { status, label, probabilities, isCalibrated: plan.temperature !== null, ranking, reason };
}
