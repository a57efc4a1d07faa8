/** Preview of the learning-rate schedule: the arithmetic of digits/training/schedule.py. */

import { percent, rate, whole } from '../core/format.js';

export const IMAGES = 60_000; // training images of MNIST and of the synthetic digits
const POINTS = 240;

/** The learning rate of the next step, after `step` steps. */
export function rateAt({ lr, warmupSteps, cooldown, total }, step) {
  const up = warmupSteps ? (step + 1) / warmupSteps : 1;
  const down = cooldown ? (total - step) / (cooldown * total) : 1;
  return lr * Math.max(0, Math.min(1, up, down));
}

/** Length and schedule of a run with these options; null if an option is missing or leaves no images. */
export function planOf({ lr, warmup_steps: warmupSteps, cooldown, epochs, steps, batch_size: batchSize, train_limit: trainLimit, validation }) {
  const kept = IMAGES - validation;
  const images = Math.min(kept, trainLimit || kept);
  const batches = Math.ceil(images / batchSize);
  const plan = { lr, cooldown, warmupSteps: Math.min(warmupSteps, Math.floor(batches / 2)), total: steps || epochs * batches, images, batches };
  return Object.values(plan).every(Number.isFinite) && images > 0 && lr > 0 && plan.total > 0 ? plan : null;
}

/**
 * Points [step, rate] of the curve, with its corners.
 * @returns {[number, number][]}
 */
export function lineOf(plan) {
  const { total, warmupSteps, cooldown } = plan;
  const even = Array.from({ length: POINTS + 1 }, (_, part) => Math.round((part * total) / POINTS));
  const corners = [warmupSteps - 1, warmupSteps, Math.floor(total * (1 - cooldown)), total].filter((step) => step >= 0 && step <= total);
  return [...new Set([...even, ...corners])].sort((a, b) => a - b).map((step) => [step, rateAt(plan, step)]);
}

/** The learning-rate schedule in a sentence. */
export function summaryOf({ lr, warmupSteps, cooldown, total, images, batches }) {
  const rise = warmupSteps ? `Up to ${rate(lr)} within ${whole(warmupSteps)} steps` : `${rate(lr)} from the first step on`;
  const fall = cooldown ? `, down to 0 over the last ${percent(cooldown, 0)} of the run` : ', and it stays there';
  return `${rise}${fall}: ${whole(total)} steps, ${whole(batches)} for each pass over ${whole(images)} images.`;
}
