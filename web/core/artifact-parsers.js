/** Parsers of a run's other files: test samples, predictions, weights. Whatever a file holds, the result has the expected types. */

import { FIELDS, withPresentNames } from './renames.js';
import { count, isRecord, list, number, record, share, temperature, text } from './values.js';

/** @import {AnswerSet, Embedding, Filters, Neighbors, Positions, Predictions, Projection, Samples, Weights} from './artifact-types.js' */

const MAX_WEIGHTS = 50_000;
const MAX_POINTS = 2000; // of a row
const NEAREST = 3; // training images of a class

/** @returns {Samples} */
export function parseSamples(value) {
  const { rows: givenRows, columns: givenColumns, samples: given, history, epoch, final, ...others } = record(value);
  const rows = count(givenRows) ?? 28;
  const columns = count(givenColumns) ?? 28;
  const samples = list(given).filter(isRecord).slice(0, 100).map((sample) => ({
    index: count(sample.index),
    label: count(sample.label),
    prediction: count(sample.prediction),
    probabilities: list(sample.probabilities).slice(0, 10).map(share),
    pixels: parsePixels(sample.pixels, rows * columns),
  }));
  const isCalibrated = temperature(others.temperature) !== null;
  return { epoch: count(epoch), final: final === true, isCalibrated, rows, columns, samples, history: parseHistory(history, samples.length) };
}

/**
 * The probabilities of the samples after each epoch kept; incomplete rows are dropped.
 * @returns {Samples['history']}
 */
function parseHistory(value, length) {
  return list(value).filter(isRecord).slice(-200).flatMap((row) => {
    const probabilities = list(row.probabilities).map((ten) => list(ten).slice(0, 10).map(share));
    const isWhole = count(row.epoch) !== null && probabilities.length === length && probabilities.every((ten) => ten.length === 10);
    return isWhole ? [{ epoch: row.epoch, isCalibrated: temperature(row.temperature) !== null, probabilities }] : [];
  });
}

/**
 * The predictions for all validation images after each epoch kept, then those for all test images.
 * @returns {Predictions}
 */
export function parsePredictions(value) {
  const { validation, test } = record(value);
  const labels = digits(record(validation).labels);
  const epochs = list(record(validation).epochs).filter(isRecord).slice(-1000);
  const sets = epochs.map((given) => parseAnswers('validation', count(given.epoch), labels, given));
  sets.push(parseAnswers('test', null, digits(record(test).labels), record(test)));
  return { sets: sets.filter((set) => set !== null) };
}

/**
 * Positions of images; rows that are not whole are dropped.
 * @returns {Embedding}
 */
export function parseEmbedding(value) {
  const { epochs, test, neighbors } = record(value);
  const rows = list(epochs).filter(isRecord).slice(-200).flatMap((row) => {
    const [epoch, positions] = [count(row.epoch), parsePositions(row)];
    return epoch === null || !positions ? [] : [{ epoch, ...positions, projection: parseProjection(record(row.projection)) }];
  });
  return { epochs: rows, test: parsePositions(record(test)), neighbors: isRecord(neighbors) ? parseNeighbors(neighbors) : null };
}

/**
 * @param {Object<string, any>} given
 * @returns {Projection | null}
 */
function parseProjection({ x, y, offset }) {
  const isWhole = [x, y, offset].every((column) => list(column).length && column.every(Number.isFinite)) && x.length === y.length && offset.length === 2;
  return isWhole ? { x, y, offset } : null;
}

/**
 * The place of a row is that of its images in neighbors.png: a damaged one stays, as a row of no image.
 * @param {Object<string, any>} given
 * @returns {Neighbors}
 */
function parseNeighbors({ among, rows }) {
  const images = (value) => list(value).slice(0, NEAREST).map((index) => count(index) ?? -1);
  return {
    among: count(among),
    rows: list(rows).slice(0, MAX_POINTS).map(record).map(({ set, index, label, prediction }) => ({
      set: text(set, 20), index: count(index) ?? -1, label: images(label), prediction: images(prediction),
    })),
  };
}

/**
 * @param {Object<string, any>} row
 * @returns {Positions | null}
 */
function parsePositions(row) {
  const index = list(row.index).slice(0, MAX_POINTS);
  const [x, y] = [list(row.x), list(row.y)].map((column) => column.slice(0, MAX_POINTS));
  const isWhole = index.length > 0 && index.every((place) => count(place) !== null) && [x, y].every((column) => column.length === index.length && column.every(Number.isFinite));
  return isWhole ? { index, x, y } : null;
}

/**
 * The first layer's filters, and a histogram for each layer and epoch; incomplete ones are dropped.
 * @returns {Weights}
 */
export function parseWeights(value) {
  const { filters, epochs } = record(value);
  return { filters: parseFilters(record(filters)), epochs: list(epochs).filter(isRecord).slice(-200).flatMap(parseHistograms) };
}

/**
 * @param {Object<string, any>} filters
 * @returns {Filters | null}
 */
function parseFilters({ name, count: kernelCount, rows, columns, values }) {
  const [kernels, height, width] = [kernelCount, rows, columns].map((size) => Math.min(count(size) ?? 0, 4096));
  const size = kernels * height * width;
  const isWhole = size > 0 && size <= MAX_WEIGHTS && list(values).length === size && values.every(Number.isFinite);
  return isWhole ? { name: text(name, 80), count: kernels, rows: height, columns: width, values } : null;
}

/**
 * @param {Object<string, any>} spread
 * @returns {Weights['epochs']}
 */
function parseHistograms({ epoch, layers, filters }) {
  const present = list(layers).filter(isRecord).slice(0, 500).map((layer) => withPresentNames(layer, FIELDS));
  /** @type {any[]} */
  const parsed = present.map(({ name, low, high, std, counts }) => ({
    name: text(name, 80),
    low: number(low),
    high: number(high),
    std: number(std),
    counts: list(counts).slice(0, 500).map(count),
  }));
  const isWhole = parsed.every(({ low, high, counts }) => low !== null && high !== null && counts.length && !counts.includes(null));
  const values = list(filters).length <= MAX_WEIGHTS && list(filters).every(Number.isFinite) ? list(filters) : [];
  return isWhole && parsed.length && count(epoch) !== null ? [{ epoch, layers: parsed, filters: values }] : [];
}

/**
 * @param {'validation' | 'test'} kind
 * @param {number | null} epoch
 * @param {number[] | null} labels
 * @param {Object<string, any>} given
 * @returns {AnswerSet | null}
 */
function parseAnswers(kind, epoch, labels, given) {
  const predictions = digits(given.predictions);
  if (!labels?.length || !predictions || predictions.length !== labels.length) return null;
  const confidences = labels.map((_, index) => share(list(given.confidences)[index]));
  const { index: indices, probabilities } = record(given.notable);
  /** @type {[number, number[]][]} */
  const known = list(indices).map((index, row) => [index, list(list(probabilities)[row]).slice(0, 10).map(share)]);
  const isCalibrated = temperature(given.temperature) !== null;
  const whole = known.filter(([, ten]) => ten.length === 10);
  return { kind, epoch, labels, predictions, isCalibrated, confidences, probabilities: new Map(whole) };
}

/**
 * A string of digits as numbers; null for anything else.
 * @returns {number[] | null}
 */
function digits(value) {
  return typeof value === 'string' && /^\d{0,100000}$/.test(value) ? Array.from(value, Number) : null;
}

function parsePixels(value, length) {
  const pixels = list(value);
  return pixels.length === length && length > 0 && pixels.every(Number.isFinite) ? pixels : null;
}
