/** Parsers of the log and the server's status: the result is complete and of the expected types for any content. */

import { presentOptions } from './renames.js';
import { LIVENESSES, STATUSES } from './status.js';
import { count, isRecord, list, number, record, runId, text, time } from './values.js';

/** @import {Batches, Dataset, Epochs, Log, LogEvent, Model, Progress, ServerStatus, TestResult} from './types.js' */

export const SCHEMA = 1;
export const BAD_EVENTS = new Set(['diverged', 'not finite', 'accuracy fell', 'failed', 'error', 'warning']); // kinds; any other is neutral
export const BATCH_FIELDS = ['step', 'epoch', 'loss', 'loss_min', 'loss_max', 'accuracy', 'lr', 'images_per_second', 'seconds'];
export const EPOCH_FIELDS = ['epoch', 'step', 'train_loss', 'train_accuracy', 'val_loss', 'val_accuracy', 'lr', 'seconds'];
export const METRIC = /^(train|val)_[a-z0-9_]{1,40}$/; // further columns of `epochs`
const METRICS = 20;
const SIZES = ['input', 'activations', 'parameters', 'total']; // in the log: input_mb, ...

/**
 * Null for a value that is no log. `written`: the file's time, for a log without `updated_at`.
 * @param {unknown} value
 * @param {number | null} [written]
 * @returns {Log | null}
 */
export function parseLog(value, written = null) {
  if (!isRecord(value)) return null;
  return {
    newer: (number(value.schema) ?? 0) > SCHEMA,
    runId: runId(value.run_id),
    name: text(value.name, 200) || 'unnamed run',
    status: oneOf(STATUSES, value.status, 'failed'), // as the server decides
    phase: text(value.phase, 60),
    startedAt: time(value.started_at),
    updatedAt: time(value.updated_at) ?? written,
    command: text(value.command, 4000),
    config: settings(value.config),
    environment: pairs(value.environment),
    dataset: parseDataset(value.dataset),
    model: parseModel(value.model),
    progress: parseProgress(record(value.progress)),
    files: list(value.files).filter((file) => typeof file === 'string'),
    batches: columns(value.batches, BATCH_FIELDS, 'step'),
    epochs: columns(value.epochs, epochFields(record(value.epochs)), 'epoch'),
    events: list(value.events).filter(isRecord).slice(-100).map(parseEvent),
    test: parseTest(value.test),
    error: text(value.error),
  };
}

/**
 * The server's status of the live run.
 * @returns {ServerStatus}
 */
export function parseStatus(value) {
  const status = record(value);
  return {
    runId: text(status.run_id),
    updatedAt: time(status.updated_at),
    liveness: oneOf(LIVENESSES, status.liveness, null),
    etags: new Map(Object.entries(record(status.etags)).map(([file, etag]) => [file, text(etag, 200) || null])),
  };
}

/** @returns {Progress} */
function parseProgress(progress) {
  return {
    ...counts(progress, ['epoch', 'epochs', 'batch', 'batches', 'step', 'steps']),
    imagesPerSecond: number(progress.images_per_second),
    secondsLeft: number(progress.eta_s),
  };
}

/** @returns {Dataset | null} */
function parseDataset(value) {
  if (!isRecord(value)) return null;
  const images = counts(value, ['train', 'validation', 'test']);
  return { name: text(value.name, 60), ...images, sha256: text(value.sha256, 64), notice: text(value.notice) };
}

/** @returns {Model | null} */
function parseModel(value) {
  if (!isRecord(value)) return null;
  const layers = list(value.layers).filter(isRecord).slice(0, 500).map((layer) => ({
    name: text(layer.name, 80),
    type: text(layer.type, 80),
    detail: text(layer.detail, 40),
    output: list(layer.output).map(count),
    ...counts(layer, ['parameters', 'macs']),
  }));
  const megabytes = SIZES.map((key) => number(value[`${key}_mb`]));
  return {
    name: text(value.name, 80),
    ...counts(value, ['parameters', 'trainable', 'macs']),
    input: list(value.input).map(count),
    megabytes: megabytes.includes(null) ? null : megabytes,
    layers,
  };
}

/** @returns {LogEvent} */
function parseEvent(event) {
  return {
    step: count(event.step),
    time: time(event.time),
    kind: text(event.kind, 24),
    text: text(event.text),
    request: text(event.request, 80),
    value: number(event.value),
  };
}

/** @returns {TestResult | null} */
function parseTest(value) {
  if (!isRecord(value)) return null;
  return { loss: number(value.loss), accuracy: number(value.accuracy), ...counts(value, ['correct', 'total']) };
}

export const oneOf = (choices, value, otherwise) => (choices.includes(value) ? value : otherwise);

/** @returns {any} */
const counts = (value, keys) => Object.fromEntries(keys.map((key) => [key, count(value[key])]));

/** The fields of the contract, and the trainer's own metrics where they have a value for each epoch. */
function epochFields(given) {
  const isMetric = (key) => METRIC.test(key) && Array.isArray(given[key]) && given[key].length === given.epoch?.length;
  const own = Object.keys(given).filter((key) => !EPOCH_FIELDS.includes(key) && isMetric(key));
  return [...EPOCH_FIELDS, ...own.slice(0, METRICS)];
}

/**
 * Columns of equal length, the key ascending: rows that violate this are dropped; a missing column is all null.
 * @returns {any}
 */
function columns(value, fields, key) {
  const given = record(value);
  const present = fields.filter((field) => Array.isArray(given[field]));
  const length = present.includes(key) ? Math.min(...present.map((field) => given[field].length)) : 0;
  const result = Object.fromEntries(fields.map((field) => [field, []]));
  let last = -Infinity;
  for (let row = 0; row < length; row += 1) {
    const at = number(given[key][row]);
    if (at === null || at <= last) continue;
    last = at;
    for (const field of fields) result[field].push(number(given[field]?.[row]));
  }
  return result;
}

/** The options of a run under their present names, as text. */
export const settings = (config) => pairs(presentOptions(config));

/** @returns {[string, string][]} */
function pairs(value) {
  return Object.entries(record(value)).slice(0, 200).map(([key, entry]) => [text(key, 80), plain(entry)]);
}

/** Only one level deep: a hostile value may be nested indefinitely. */
const flat = (value) => (typeof value === 'object' ? '…' : String(value));

function plain(value) {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return text(value.map(flat).join(', '), 300);
  return text(flat(value), 300);
}
