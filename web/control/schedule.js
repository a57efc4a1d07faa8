/** The learning rate over a run, before there is one: the arithmetic of digits/training/schedule.py and digits/training/build.py. */

import { percent, whole } from '../core/format.js';

const IMAGES = 60_000; // MNIST has as many to train on, and so have the drawn digits
const POINTS = 240;

/** The rate of the next step, where `step` steps are done. */
export function rateAt({ lr, warmUp, decay, total }, step) {
  const up = warmUp ? (step + 1) / warmUp : 1;
  const down = decay ? (total - step) / (decay * total) : 1;
  return lr * Math.max(0, Math.min(1, up, down));
}

/** How long a run with these options is and how its rate goes; null where an option is missing or leaves no image. */
export function planOf({ lr, warm_up: warmUp, decay, epochs, steps, batch_size: batchSize, limit, validation }) {
  const kept = IMAGES - validation;
  const images = Math.min(kept, limit || kept);
  const batches = Math.ceil(images / batchSize);
  const plan = { lr, decay, warmUp: Math.min(warmUp, Math.floor(batches / 2)), total: steps || epochs * batches, images, batches };
  return Object.values(plan).every(Number.isFinite) && images > 0 && lr > 0 && plan.total > 0 ? plan : null;
}

/** Points [step, rate] through which the line goes; a ramp of a few steps is not missed. */
export function lineOf(plan) {
  const { total, warmUp, decay } = plan;
  const even = Array.from({ length: POINTS + 1 }, (_, part) => Math.round((part * total) / POINTS));
  const corners = [warmUp - 1, warmUp, Math.floor(total * (1 - decay)), total].filter((step) => step >= 0 && step <= total);
  return [...new Set([...even, ...corners])].sort((a, b) => a - b).map((step) => [step, rateAt(plan, step)]);
}

/** 0.006: no more digits than tell it. */
export const brief = (rate) => String(Number(rate.toPrecision(3)));

/** The same in a sentence. */
export function courseOf({ lr, warmUp, decay, total, images, batches }) {
  const rise = warmUp ? `Up to ${brief(lr)} within ${whole(warmUp)} steps` : `${brief(lr)} from the first step on`;
  const fall = decay ? `, down to 0 over the last ${percent(decay, 0)} of the run` : ', and it stays there';
  return `${rise}${fall}: ${whole(total)} steps, ${whole(batches)} for each pass over ${whole(images)} images.`;
}
