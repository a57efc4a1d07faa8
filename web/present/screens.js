/** The screens of a presentation: number, charts, confusion matrix, mistakes one by one, pad. */

import { whole } from '../core/format.js';
import { answersAt } from '../core/timeline.js';
import { firstMistakes } from '../views/confusion.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @import {State} from '../core/state-types.js' */

/** @typedef {{kind: string, name: string, set?: AnswerSet, note?: string, index?: number}} Screen `index`: of the image in `set` */

/**
 * The screens that this run has; mistakes once the predictions are read.
 * @param {Pick<State, 'log' | 'predictions' | 'set' | 'epoch' | 'view' | 'selected'>} state
 * @returns {Screen[]}
 */
export function screensOf({ log, predictions, set: kind, epoch, view, selected }) {
  const has = (file) => log?.files.includes(file) ?? false;
  const { set, note } = answersAt(predictions?.sets ?? [], kind, epoch);
  const matrix = { kind: 'matrix', name: 'Confusion matrix', set: set ?? undefined, note };
  return [
    { kind: 'number', name: 'Validation accuracy' },
    { kind: 'loss', name: 'Loss' },
    { kind: 'accuracy', name: view.errors ? 'Error rate' : 'Accuracy' },
    ...(has('predictions.json') && (set || !predictions) ? [matrix] : []),
    ...(set ? mistakesOf(set, note, selected.cell) : []),
    ...(has('network.json') ? [{ kind: 'pad', name: 'Try it' }] : []),
  ];
}

/**
 * The most confident mistakes; those of the chosen cell of the confusion matrix, if it holds mistakes.
 * @returns {Screen[]}
 */
function mistakesOf(set, note, cell) {
  const images = firstMistakes(set, cell);
  return images.map((index, place) => ({
    kind: 'digit',
    name: `Mistake ${whole(place + 1)} of ${whole(images.length)}: ${set.labels[index]} read as ${set.predictions[index]}`,
    set,
    note,
    index,
  }));
}

/**
 * The place, from 0, of the screen to show; null while the wanted one may still be read. The pad stays where it is while
 * the mistakes before it become more or fewer.
 * @param {Screen[]} screens
 * @param {number} wanted from 1
 * @param {boolean} isComplete whether the predictions are read
 * @param {{kind: string, wanted: number} | null} before
 */
export function placeOf(screens, wanted, isComplete, before) {
  const last = screens.length - 1;
  if (before?.kind === 'pad' && before.wanted === wanted) return last;
  if (!isComplete && wanted > FIXED) return null;
  return Math.min(wanted - 1, last);
}

const FIXED = 4; // screens that need no predictions to be counted
