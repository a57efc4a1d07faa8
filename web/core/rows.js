/** Rows of batches.csv, and how they take the place of buckets. */

const COLUMNS = ['step', 'epoch', 'loss', 'accuracy', 'lr', 'images_per_second'];

/** Which bytes of a file of `size` bytes and `last` rows hold the steps from..to, with room for rows of unequal length. */
export function bytesOf([from, to], last, size) {
  const room = 4096 + size * 0.02;
  const at = (step) => (step / last) * size;
  return [Math.max(0, Math.floor(at(from - 1) - room)), Math.min(size, Math.ceil(at(to) + room)) - 1];
}

/** The whole rows in a piece of the file, as columns; what is cut at either end is left out. */
export function parseRows(text) {
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, []]));
  const lines = text.split('\n').slice(0, -1); // the last is empty, or half written
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

/** Only the rows from..to, of which a piece of the file may hold more. The first row of a piece may be cut: see `bytesOf`. */
export function within(columns, [from, to]) {
  const keep = columns.step.map((step) => step >= from && step <= to);
  return mapped(columns, (values) => values.filter((_, row) => keep[row]));
}

/** The buckets of a log with rows in the place of those that they tell more of. */
export function spliced(batches, rows) {
  if (!rows?.step.length) return batches;
  const [from, to] = [rows.step[0], rows.step.at(-1)];
  const given = { ...rows, loss_min: rows.loss, loss_max: rows.loss, seconds: rows.step.map(() => null) };
  const those = (columns, keep) => columns.filter((_, row) => keep(batches.step[row]));
  return mapped(batches, (values, name) => [
    ...those(values, (step) => step < from), ...given[name], ...those(values, (step) => step > to),
  ]);
}

function mapped(columns, change) {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, change(values, name)]));
}
