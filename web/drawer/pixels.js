/** Where the pixels of an image are: in test_samples.json, in the mosaic of its set, or in neighbors.png. */

import { imageOf } from '../core/images.js';
import { PER_ROW as MOSAIC, TILE as SIDE } from '../pad/image-input.js';
import { PER_ROW, trainingImage } from './neighbors.js';

/** @import {State} from '../core/state-types.js' */
/** @typedef {{file: string, url: string, place: number, perRow: number}} Cut the image at `place` of a mosaic, `perRow` images wide */

/**
 * @param {State} state
 * @returns {{pixels: ArrayLike<number>} | Cut | null} null: nowhere, as far as is known
 */
export function sourceOf({ selected, samples, embedding, predictions, folder, log }) {
  const { set, index } = imageOf(selected.image ?? '');
  const pixels = set === 'test' ? sampleOf(samples, index) : null;
  if (pixels) return { pixels };
  const isTraining = set === 'training';
  const place = isTraining ? trainingImage(embedding, predictions, index)?.place : index;
  const file = isTraining ? 'neighbors.png' : `${set}.png`;
  if (place === undefined || !log?.files.includes(file)) return null;
  return { file, url: `${folder}${file}?run=${log.runId}`, place, perRow: isTraining ? PER_ROW : MOSAIC };
}

function sampleOf(samples, index) {
  const fits = samples?.rows === SIDE && samples.columns === SIDE;
  return (fits && samples.samples.find((sample) => sample.index === index)?.pixels) || null;
}

/** The grays of a cut from a mosaic; null where the mosaic ends before it. */
export function graysOf({ data }) {
  if (data[3] === 0) return null;
  return Uint8Array.from({ length: SIDE * SIDE }, (_, at) => data[4 * at]);
}
