/** The network of a run: the parser of network.json, and the weights in its binary files. */

import { FIELDS, withPresentNames } from '../core/renames.js';
import { count, isRecord, list, number, record, runId, temperature, text } from '../core/values.js';
import { crc32 } from './crc32.js';
import { MAX_VIEWS } from './network.js';

const MAX_LAYERS = 200;
const MAX_NUMBERS = 50_000_000;
const SIDE = 28;
const DIGITS = 10;
/** The fields of each layer type besides its name, see results/README.md. */
const LAYER_FIELDS = {
  conv: ['in', 'out', 'kernel', 'stride', 'padding', 'groups'],
  linear: ['in', 'out'],
  scale: ['channels'],
  pool: ['size'],
  pad: ['size'],
  relu: [],
  mean: [],
};

/**
 * @typedef {object} Plan
 * @property {string} runId
 * @property {number | null} epoch
 * @property {number} mean of the training pixels
 * @property {number} std
 * @property {any[]} layers each with the `shape` (C, H, W) of its output
 * @property {number} numbers weights and biases of all layers
 * @property {number} views of an image whose logits are averaged, 1 to 9: more than 1 in the network of a finished run
 * @property {number | null} temperature null: not calibrated
 * @property {(number | null)[]} temperatures of the `epochs`
 * @property {number | null} oodThreshold
 * @property {(number | null)[]} oodThresholds of the `epochs`
 * @property {number | null} crc32
 * @property {(number | null)[]} epochs those kept in network-epochs.bin
 * @property {number | null} epochsCrc32
 */

/**
 * Null for a network that cannot be computed here.
 * @returns {Plan | null}
 */
export function parsePlan(value) {
  const given = withPresentNames(value, FIELDS);
  const input = record(given.input);
  const [mean, std, numbers] = [number(input.mean), number(input.std), count(given.numbers)];
  const layers = list(given.layers).slice(0, MAX_LAYERS).map(parseLayer);
  if (input.rows !== SIDE || input.columns !== SIDE || mean === null || std === null || std <= 0) return null;
  if (!layers.length || layers.includes(null) || numbers === null || numbers > MAX_NUMBERS || !setShapes(layers, numbers)) return null;
  const views = given.views === undefined ? 1 : count(given.views); // files of earlier versions have none
  if (!views || views > MAX_VIEWS) return null;
  return {
    runId: runId(given.run_id), epoch: count(given.epoch), mean, std, layers, numbers, views,
    temperature: temperature(given.temperature), temperatures: list(given.temperatures).map(temperature),
    oodThreshold: number(given.ood_threshold), oodThresholds: list(given.ood_thresholds).map(number),
    crc32: count(given.crc32), epochs: list(given.epochs).map(count), epochsCrc32: count(given.epochs_crc32),
  };
}

/**
 * The plan of an epoch that was kept, with what was fitted after it.
 * @param {Plan} plan
 * @param {number} epoch
 * @returns {Plan}
 */
export function planAt(plan, epoch) {
  const at = plan.epochs.indexOf(epoch);
  const fitted = { temperature: plan.temperatures[at] ?? null, oodThreshold: plan.oodThresholds[at] ?? null };
  return { ...plan, epoch, ...fitted, views: 1 };
}

/** The weights of network.bin as a Float32Array; null if the file does not belong to this plan. */
export function numbersOf(plan, buffer) {
  if (buffer.byteLength !== 4 * plan.numbers || crc32(new Uint8Array(buffer)) !== plan.crc32) return null;
  const view = new DataView(buffer);
  return Float32Array.from({ length: plan.numbers }, (_, place) => view.getFloat32(4 * place, true));
}

/** A Map from each epoch of network-epochs.bin to a function that returns its weights; null as above. */
export function epochsOf(plan, buffer) {
  const size = 2 * plan.numbers;
  if (buffer.byteLength !== size * plan.epochs.length || crc32(new Uint8Array(buffer)) !== plan.epochsCrc32) return null;
  return new Map(plan.epochs.map((epoch, at) => [epoch, () => halves(new DataView(buffer, at * size, size))]));
}

/** Half precision (IEEE 754 binary16) as a Float32Array. */
function halves(view) {
  return Float32Array.from({ length: view.byteLength / 2 }, (_, place) => {
    const bits = view.getUint16(2 * place, true);
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
  });
}

function parseLayer(given) {
  const fields = isRecord(given) && typeof given.type === 'string' && Object.hasOwn(LAYER_FIELDS, given.type) ? LAYER_FIELDS[given.type] : null;
  if (!fields) return null;
  const sizes = Object.fromEntries(fields.map((field) => [field, count(given[field])]));
  if (Object.values(sizes).includes(null)) return null;
  const layer = { name: text(given.name, 80), type: given.type, ...sizes };
  if (given.type === 'pad') return number(given.value) === null ? null : { ...layer, value: given.value };
  return { ...layer, weight: count(given.weight), bias: count(given.bias) };
}

/** Sets the output shape of each layer; false if the layers do not fit together or exceed the weights. */
function setShapes(layers, numbers) {
  let shape = [1, SIDE, SIDE];
  for (const layer of layers) {
    shape = SHAPES[layer.type](layer, shape);
    const [weights, biases] = sizesOf(layer);
    const fits = weights === 0 || (layer.weight !== null && layer.weight + weights <= numbers && (layer.bias === null || layer.bias + biases <= numbers));
    if (!fits || !shape?.every((size) => size >= 1 && size <= 1e5) || shape[0] * shape[1] * shape[2] > 1e7) return false;
    layer.shape = shape;
  }
  return shape[0] * shape[1] * shape[2] === DIGITS;
}

const SHAPES = {
  conv({ in: before, out, kernel, stride, padding, groups }, [channels, height, width]) {
    if (before !== channels || !stride || !kernel || !groups || before % groups || out % groups) return null;
    return [out, ...[height, width].map((side) => Math.floor((side + 2 * padding - kernel) / stride) + 1)];
  },
  linear: ({ in: before, out }, [channels, height, width]) => (before === channels * height * width ? [out, 1, 1] : null),
  scale: ({ channels }, shape) => (channels === shape[0] ? shape : null),
  relu: (_, shape) => shape,
  pool: ({ size }, [channels, height, width]) => (size ? [channels, Math.floor(height / size), Math.floor(width / size)] : null),
  mean: (_, [channels]) => [channels, 1, 1],
  pad: ({ size }, [channels, height, width]) => [channels, height + 2 * size, width + 2 * size],
};

/** The numbers of weights and biases of a layer. */
function sizesOf({ type, in: before, out, kernel, groups, channels }) {
  if (type === 'conv') return [out * (before / groups) * kernel ** 2, out];
  if (type === 'linear') return [out * before, out];
  return type === 'scale' ? [channels, channels] : [0, 0];
}
