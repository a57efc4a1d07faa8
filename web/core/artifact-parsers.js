/** What a run leaves besides its log, read as defensively: samples, predictions, weights. */

import { count, isRecord, list, number, record, share, temperature, text } from './values.js';

const MOST_WEIGHTS = 50_000;

/** The test samples: of none the list is empty. */
export function parseSamples(value) {
  const { rows: givenRows, columns: givenColumns, samples: given, epoch, final, ...others } = record(value);
  const rows = count(givenRows) ?? 28;
  const columns = count(givenColumns) ?? 28;
  const samples = list(given).filter(isRecord).slice(0, 100).map((sample) => ({
    index: count(sample.index),
    label: count(sample.label),
    prediction: count(sample.prediction),
    probabilities: list(sample.probabilities).slice(0, 10).map(share),
    pixels: parsePixels(sample.pixels, rows * columns),
  }));
  return { epoch: count(epoch), final: final === true, isCalibrated: temperature(others.temperature) !== null, rows, columns, samples };
}

/**
 * What was said of all validation images after each epoch kept, then of all test images: a list of answer sets, each
 * {kind, epoch, labels, predictions, isCalibrated, confidences, probabilities}, the last a Map from an image's index to
 * its ten.
 */
export function parsePredictions(value) {
  const { validation, test } = record(value);
  const labels = digits(record(validation).labels);
  const epochs = list(record(validation).epochs).filter(isRecord).slice(-1000);
  const sets = epochs.map((given) => parseAnswers('validation', count(given.epoch), labels, given));
  sets.push(parseAnswers('test', null, digits(record(test).labels), record(test)));
  return { sets: sets.filter(Boolean) };
}

/** The first filters, and a histogram per layer and epoch; only what is whole. */
export function parseWeights(value) {
  const { filters, epochs } = record(value);
  return { filters: parseFilters(record(filters)), epochs: list(epochs).filter(isRecord).slice(-200).flatMap(parseSpread) };
}

function parseFilters({ name, count: many, rows, columns: wide, values }) {
  const [kernels, height, width] = [many, rows, wide].map((size) => Math.min(count(size) ?? 0, 4096));
  const numbers = list(values).slice(0, MOST_WEIGHTS + 1).map(number);
  if (!numbers.length || numbers.length > MOST_WEIGHTS || numbers.length !== kernels * height * width || numbers.includes(null)) return null;
  return { name: text(name, 80), count: kernels, rows: height, columns: width, values: numbers };
}

function parseSpread({ epoch, layers }) {
  const parsed = list(layers).filter(isRecord).slice(0, 500).map(({ name, low, high, deviation, counts }) => ({
    name: text(name, 80), low: number(low), high: number(high), deviation: number(deviation), counts: list(counts).slice(0, 500).map(count),
  }));
  const whole = parsed.every(({ low, high, counts }) => low !== null && high !== null && counts.length && !counts.includes(null));
  return whole && parsed.length && count(epoch) !== null ? [{ epoch, layers: parsed }] : [];
}

function parseAnswers(kind, epoch, labels, given) {
  const predictions = digits(given.predictions);
  if (!labels?.length || predictions?.length !== labels.length) return null;
  const confidences = labels.map((_, index) => share(list(given.confidences)[index]));
  const { index: places, probabilities } = record(given.notable);
  const known = list(places).map((place, row) => [place, list(list(probabilities)[row]).slice(0, 10).map(share)]);
  const isCalibrated = temperature(given.temperature) !== null;
  return { kind, epoch, labels, predictions, isCalibrated, confidences, probabilities: new Map(known.filter(([, ten]) => ten.length === 10)) };
}

/** A string of digits as numbers; null for anything else. */
function digits(value) {
  return typeof value === 'string' && /^\d{0,100000}$/.test(value) ? Array.from(value, Number) : null;
}

function parsePixels(value, length) {
  const pixels = list(value);
  return pixels.length === length && length > 0 && pixels.every(Number.isFinite) ? pixels : null;
}
