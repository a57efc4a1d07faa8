/** The training images nearest to a mistake, of the true and of the predicted class; to a correct test digit, of its class. */

import { h, setText } from '../core/dom.js';
import { whole } from '../core/format.js';
import { imageOf, nameOf } from '../core/images.js';
import { createAlbum } from '../pad/image-input.js';
import { imageButton } from '../views/image-list.js';

/** @import {Embedding, Predictions} from '../core/artifact-types.js' */
/** @import {State} from '../core/state-types.js' */
/** @import {Subject} from './subject.js' */

const PER_CLASS = 3;
export const PER_ROW = 2 * PER_CLASS; // images in neighbors.png

/**
 * The training images of a row in neighbors.png, each with its place there; none for an image without a row.
 * @param {Embedding | null} embedding
 * @param {string} name
 */
export function nearestTo(embedding, name) {
  const rows = embedding?.neighbors?.rows ?? [];
  const { set, index } = imageOf(name);
  const row = rows.findIndex((one) => one.set === set && one.index === index);
  if (row < 0) return null;
  const images = (indices, first) => indices.flatMap((at, place) => (at < 0 ? [] : [{ name: nameOf('training', at), place: row * PER_ROW + first + place }]));
  return { label: images(rows[row].label, 0), prediction: images(rows[row].prediction, PER_CLASS) };
}

/**
 * The place of a training image in neighbors.png, and its label: it is of the true or of the predicted class of a mistake.
 * @param {Embedding | null} embedding
 * @param {Predictions | null} predictions
 */
export function trainingImage(embedding, predictions, index) {
  const rows = embedding?.neighbors?.rows ?? [];
  for (const [at, row] of rows.entries()) {
    const column = [...row.label, ...Array(PER_CLASS - row.label.length).fill(-1), ...row.prediction].indexOf(index);
    if (column < 0) continue;
    const set = predictions?.sets.findLast(({ kind }) => kind === row.set);
    const digits = column < PER_CLASS ? set?.labels : set?.predictions;
    return { place: at * PER_ROW + column, label: digits?.[row.index] ?? null };
  }
  return null;
}

/** `element`, and `show(subject, state, isAlive)`. */
export function createNeighbors() {
  const album = createAlbum();
  const [content, note] = [h('div', { class: 'nearest' }), h('p', { class: 'soft' })];
  const element = h('section', {}, h('h3', {}, 'Nearest training images'), content, note);
  let drawn = '';

  /** The <canvas> at a place of neighbors.png, in a box of its size until it is read. */
  function tileOf(place, { folder, log }) {
    const tile = h('span', { class: 'neighbor' });
    album(`${folder}neighbors.png?run=${log.runId}`, place, PER_ROW).then(({ bitmap }) => tile.append(bitmap), () => {});
    return tile;
  }

  return {
    element,
    /** @param {Subject} subject @param {State} state */
    show({ name }, state, isAlive) {
      const { embedding, log } = state;
      const nearest = log?.files.includes('neighbors.png') ? nearestTo(embedding, name) : null;
      const text = nearest ? `By the last hidden layer after training, among ${whole(embedding?.neighbors?.among ?? null)} training images; the nearest first.` : absence(state, name, isAlive);
      setText(note, text);
      const wanted = nearest ? `${log?.runId} ${name}` : '';
      if (wanted === drawn) return;
      drawn = wanted;
      const images = (found, isFirst) => h('ol', {}, ...found.map((one, at) => h('li', {}, imageButton(one.name, tileOf(one.place, state), isFirst && at === 0))));
      content.replaceChildren(...(nearest ? [
        h('p', {}, 'Of its label'), images(nearest.label, true),
        ...(nearest.prediction.length ? [h('p', {}, 'Of the predicted digit'), images(nearest.prediction, !nearest.label.length)] : []),
      ] : []));
    },
  };
}

/** Why an image has no nearest training images. */
function absence({ embedding, log, folder }, name, isAlive) {
  if (imageOf(name).set === 'training') return 'This is a training image itself.';
  if (!log.files.includes('embedding.json') && !isAlive) return 'This run has none: its trainer did not write embedding.json.';
  if (!embedding) return folder ? 'They are being read …' : '';
  if (embedding.neighbors) return 'They are kept for the most confident mistakes after training and for the test digits; this image is neither.';
  return isAlive ? 'They are found at the end of training.' : 'This run has none.';
}
