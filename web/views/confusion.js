/** The confusion matrix of an answer set, recall and precision of each digit, and the images of each cell. */

import { counted } from '../core/format.js';
import { titleOfSet } from '../core/timeline.js';

/** @import {AnswerSet} from '../core/artifact-types.js' */
/** @typedef {Pick<AnswerSet, 'labels' | 'predictions'>} Answers */
/** @typedef {Pick<AnswerSet, 'labels' | 'predictions' | 'confidences'>} RankedAnswers */
/** @typedef {{label: number, prediction: number}} Cell */

export const DIGITS = 10;
const SHOWN = 12; // mistakes in a presentation and on paper

/**
 * counts[label][prediction] over all images.
 * @param {Answers} answers
 */
export function confusion({ labels, predictions }) {
  const counts = Array.from({ length: DIGITS }, () => Array(DIGITS).fill(0));
  labels.forEach((label, index) => { counts[label][predictions[index]] += 1; });
  return counts;
}

/**
 * For each digit: its number of `images`, `recall` (the fraction of them that is classified correctly) and `precision`
 * (the fraction of the images predicted as this digit that are this digit); null where the denominator is 0.
 * @param {number[][]} counts
 */
export function rates(counts) {
  const fraction = (part, all) => (all ? part / all : null);
  return counts.map((row, digit) => {
    const images = sum(row);
    const predicted = sum(counts.map((others) => others[digit]));
    return { images, recall: fraction(row[digit], images), precision: fraction(row[digit], predicted) };
  });
}

/**
 * The largest count off the diagonal.
 * @param {number[][]} counts
 */
export function worst(counts) {
  return Math.max(0, ...counts.flatMap((row, label) => row.filter((_, prediction) => prediction !== label)));
}

/**
 * Indices of the images of one cell, ordered as those of `mistakes` or `correct`.
 * @param {RankedAnswers} answers
 * @param {Cell} cell
 */
export function inCell(answers, cell) {
  const indices = cell.label === cell.prediction ? correct(answers) : mistakes(answers);
  return indices.filter((index) => answers.labels[index] === cell.label && answers.predictions[index] === cell.prediction);
}

/**
 * Indices of the misclassified images, the most confident first.
 * @param {RankedAnswers} answers
 */
export function mistakes({ labels, predictions, confidences }) {
  const wrong = [...labels.keys()].filter((index) => labels[index] !== predictions[index]);
  return wrong.sort((a, b) => confidences[b] - confidences[a] || a - b);
}

/**
 * Of the chosen cell, if it holds mistakes, else of all: those that are presented and printed.
 * @param {RankedAnswers} answers
 * @param {string | null} cell
 */
export function firstMistakes(answers, cell) {
  const [label, prediction] = Array.from(cell ?? '', Number);
  const chosen = label === prediction ? [] : inCell(answers, { label, prediction });
  return (chosen.length ? chosen : mistakes(answers)).slice(0, SHOWN);
}

/**
 * Indices of the correctly classified images, the least confident first.
 * @param {RankedAnswers} answers
 */
export function correct({ labels, predictions, confidences }) {
  const right = [...labels.keys()].filter((index) => labels[index] === predictions[index]);
  return right.sort((a, b) => confidences[a] - confidences[b] || a - b);
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * "Validation after epoch 4: 39 mistakes in 5,000 images."
 * @param {AnswerSet} set
 */
export const summaryOf = (set) => `${titleOfSet(set)}: ${counted(mistakes(set).length, 'mistake')} in ${counted(set.labels.length, 'image')}.`;
