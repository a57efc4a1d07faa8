/** Rows of batches.csv, and their splicing into the log's buckets. */

export const COLUMNS = ['step', 'epoch', 'loss', 'accuracy', 'lr', 'images_per_second'];

/** The byte range [first, last] of the steps from..to in a file of `size` bytes and `last` rows, with a margin for rows of unequal length. */
export function bytesOf([from, to], last, size) {
  const margin = 4096 + size * 0.02;
  const offset = (step) => (step / last) * size;
  return [Math.max(0, Math.floor(offset(from - 1) - margin)), Math.min(size, Math.ceil(offset(to) + margin)) - 1];
}

/** The whole rows in a part of the file, as columns; a row cut at either end is dropped. */
export function parseRows(text) {
  /** @type {Object<string, (number | null)[]>} */
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, []]));
  const lines = text.split('\n').slice(0, -1); // the last is empty, or incomplete
  for (const line of lines) {
    const cells = line.split(',');
    const step = Number(cells[0]);
    if (cells.length !== COLUMNS.length || !Number.isInteger(step) || step <= (columns.step.at(-1) ?? 0)) continue;
    COLUMNS.forEach((name, place) => {
      const value = cells[place].trim() === '' ? null : Number(cells[place]);
      columns[name].push(Number.isFinite(value) ? value : null);
    });
  }
  return columns;
}

/** Only the rows from..to: a part of the file may hold more, see `bytesOf`. */
export function within(columns, [from, to]) {
  const keep = columns.step.map((step) => step >= from && step <= to);
  return mapped(columns, (values) => values.filter((_, row) => keep[row]));
}

/** The buckets of a log, with `rows` in place of those that they resolve. */
export function spliced(batches, rows) {
  if (!rows?.step.length) return batches;
  const [from, to] = [rows.step[0], rows.step.at(-1)];
  const given = { ...rows, loss_min: rows.loss, loss_max: rows.loss, seconds: rows.step.map(() => null) };
  const selected = (columns, keep) => columns.filter((_, row) => keep(batches.step[row]));
  return mapped(batches, (values, name) => [
    ...selected(values, (step) => step < from), ...given[name], ...selected(values, (step) => step > to),
  ]);
}

function mapped(columns, change) {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, change(values, name)]));
}
