/** The file contract, read defensively: whatever a file holds, what comes out is complete and of the expected types. */

export const SCHEMA = 1;
export const STATUSES = ['running', 'completed', 'stopped', 'interrupted', 'failed'];
export const LIVENESSES = [...STATUSES, 'stalled', 'crashed'];
export const BAD_EVENTS = new Set(['diverged', 'not finite', 'failed', 'error', 'warning']); // kinds; any other is neutral
const BATCH_FIELDS = ['step', 'epoch', 'loss', 'loss_min', 'loss_max', 'accuracy', 'lr', 'images_per_second', 'seconds'];
const EPOCH_FIELDS = ['epoch', 'step', 'train_loss', 'train_accuracy', 'val_loss', 'val_accuracy', 'lr', 'seconds'];
const SIZES = ['input', 'activations', 'parameters', 'total']; // in the log: input_mb, ...
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;
// Control characters, and those that turn the reading direction of the text around them.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const record = (value) => (isRecord(value) ? value : {});
const list = (value) => (Array.isArray(value) ? value : []);
const number = (value) => (Number.isFinite(value) ? value : null);
const count = (value) => (Number.isInteger(value) && value >= 0 ? value : null);
const share = (value) => Math.min(1, Math.max(0, number(value) ?? 0));
const text = (value, longest = 1000) =>
  typeof value === 'string' ? value.replace(UNPRINTABLE, ' ').slice(0, longest).trim() : '';
const time = (value) => number(Date.parse(text(value, 40)));
const runId = (value) => (RUN_ID.test(text(value)) ? text(value) : '');

/** The training log, or null for something that is none. */
export function parseLog(value) {
  if (!isRecord(value)) return null;
  return {
    newer: number(value.schema) > SCHEMA,
    runId: runId(value.run_id),
    name: text(value.name, 200) || 'a run without a name',
    status: STATUSES.includes(value.status) ? value.status : 'failed', // as the server judges it
    phase: text(value.phase, 60),
    startedAt: time(value.started_at),
    updatedAt: time(value.updated_at),
    command: text(value.command, 4000),
    config: pairs(value.config),
    environment: pairs(value.environment),
    dataset: parseDataset(value.dataset),
    model: parseModel(value.model),
    progress: parseProgress(record(value.progress)),
    files: list(value.files).filter((file) => typeof file === 'string'),
    batches: columns(value.batches, BATCH_FIELDS, 'step'),
    epochs: columns(value.epochs, EPOCH_FIELDS, 'epoch'),
    events: list(value.events).filter(isRecord).slice(-100).map(parseEvent),
    test: parseTest(value.test),
    error: text(value.error),
  };
}

/** What the server knows of the live run; liveness is null while there is none. */
export function parseStatus(value) {
  const status = record(value);
  return {
    runId: text(status.run_id),
    updatedAt: time(status.updated_at),
    liveness: LIVENESSES.includes(status.liveness) ? status.liveness : null,
  };
}

/** The test samples, or null where there are none to show. */
export function parseSamples(value) {
  const { rows: givenRows, columns: givenColumns, samples: given, epoch, final, run_id: id } = record(value);
  const rows = count(givenRows) ?? 28;
  const columns = count(givenColumns) ?? 28;
  const samples = list(given).filter(isRecord).slice(0, 100).map((sample) => ({
    index: count(sample.index),
    label: count(sample.label),
    prediction: count(sample.prediction),
    probabilities: list(sample.probabilities).slice(0, 10).map(share),
    pixels: parsePixels(sample.pixels, rows * columns),
  }));
  if (!samples.length) return null;
  return { runId: runId(id), epoch: count(epoch), final: final === true, rows, columns, samples };
}

/**
 * What was said of all validation images after each epoch kept, then of all test images: a list of answer sets, each
 * {kind, epoch, labels, predictions, confidences, probabilities}, the last a Map from an image's index to its ten.
 */
export function parsePredictions(value) {
  const { run_id: id, validation, test } = record(value);
  const labels = digits(record(validation).labels);
  const epochs = list(record(validation).epochs).filter(isRecord).slice(-1000);
  const sets = epochs.map((given) => parseAnswers('validation', count(given.epoch), labels, given));
  sets.push(parseAnswers('test', null, digits(record(test).labels), record(test)));
  return { runId: runId(id), sets: sets.filter(Boolean) };
}

/** The first filters, and a histogram per layer and epoch; only what is whole. */
export function parseWeights(value) {
  const { run_id: id, filters, epochs } = record(value);
  return { runId: runId(id), filters: parseFilters(record(filters)), epochs: list(epochs).filter(isRecord).slice(-200).flatMap(parseSpread) };
}

/** The runs, newest first. Only paths the contract knows are kept. */
export function parseRuns(value) {
  return list(record(value).runs).filter(isRecord).slice(0, 200).flatMap((run) => {
    const id = runId(run.run_id);
    if (!id || !['', `runs/${id}/`].includes(run.path)) return [];
    return [{
      runId: id,
      path: run.path,
      name: text(run.name, 200) || id,
      status: LIVENESSES.includes(run.status) ? run.status : 'failed',
      startedAt: time(run.started_at),
      dataset: text(run.dataset, 60),
      epochs: count(run.epochs),
      parameters: count(run.parameters),
      bestAccuracy: number(run.best_val_accuracy),
      testAccuracy: number(run.test_accuracy),
    }];
  });
}

function parseProgress(progress) {
  const numbers = ['epoch', 'epochs', 'batch', 'batches', 'step', 'steps'].map((key) => [key, count(progress[key])]);
  return {
    ...Object.fromEntries(numbers),
    imagesPerSecond: number(progress.images_per_second),
    secondsLeft: number(progress.eta_s),
  };
}

function parseDataset(value) {
  if (!isRecord(value)) return null;
  const { name, train, validation, test, sha256, notice } = value;
  const counts = { train: count(train), validation: count(validation), test: count(test) };
  return { name: text(name, 60), ...counts, sha256: text(sha256, 64), notice: text(notice) };
}

function parseModel(value) {
  if (!isRecord(value)) return null;
  const layers = list(value.layers).filter(isRecord).slice(0, 500).map((layer) => ({
    name: text(layer.name, 80),
    type: text(layer.type, 80),
    detail: text(layer.detail, 40),
    output: list(layer.output).map(count),
    parameters: count(layer.parameters),
    macs: count(layer.macs),
  }));
  const totals = ['parameters', 'trainable', 'macs'].map((key) => [key, count(value[key])]);
  const megabytes = SIZES.map((key) => number(value[`${key}_mb`]));
  return {
    name: text(value.name, 80),
    ...Object.fromEntries(totals),
    input: list(value.input).map(count),
    megabytes: megabytes.includes(null) ? null : megabytes,
    layers,
  };
}

function parseEvent(event) {
  return { step: count(event.step), time: time(event.time), kind: text(event.kind, 24), text: text(event.text) };
}

function parseTest(value) {
  if (!isRecord(value)) return null;
  const { loss, accuracy, correct, total } = value;
  return { loss: number(loss), accuracy: number(accuracy), correct: count(correct), total: count(total) };
}

function parseFilters({ name, count: many, rows, columns: wide, values }) {
  const [kernels, height, width] = [many, rows, wide].map((size) => Math.min(count(size) ?? 0, 4096));
  const numbers = list(values).map(number);
  if (!numbers.length || numbers.length !== kernels * height * width || numbers.includes(null)) return null;
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
  return { kind, epoch, labels, predictions, confidences, probabilities: new Map(known.filter(([, ten]) => ten.length === 10)) };
}

/** A string of digits as numbers; null for anything else. */
function digits(value) {
  return typeof value === 'string' && /^\d{0,100000}$/.test(value) ? Array.from(value, Number) : null;
}

function parsePixels(value, length) {
  const pixels = list(value);
  return pixels.length === length && length > 0 && pixels.every(Number.isFinite) ? pixels : null;
}

/** Columns of equal length, the key ascending: rows that break that are left out; a missing column is all null. */
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

function pairs(value) {
  return Object.entries(record(value)).slice(0, 200).map(([key, entry]) => [text(key, 80), plain(entry)]);
}

/** Only one level deep: a hostile value may be nested without end. */
const flat = (value) => (typeof value === 'object' ? '…' : String(value));

function plain(value) {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return text(value.map(flat).join(', '), 300);
  return text(flat(value), 300);
}
