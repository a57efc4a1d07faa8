/** Connected components of the ink (8-connectivity), and the removal of specks. */

const SPECK = 0.06; // of the largest component's ink: less is dirt

/**
 * The components of ink (height, width): `labels`, 1, 2, ..., and 0 where there is no ink; and of each label, from 1 on,
 * the `masses`, the sums of its ink.
 */
export function componentsOf(ink) {
  const labels = new Int32Array(ink.values.length);
  const queue = new Int32Array(ink.values.length);
  let count = 0;
  for (let at = 0; at < labels.length; at += 1) {
    if (ink.values[at] && !labels[at]) fill(ink, at, count += 1, labels, queue);
  }
  const masses = new Float64Array(count + 1);
  for (let at = 0; at < labels.length; at += 1) if (labels[at]) masses[labels[at]] += ink.values[at];
  return { labels, masses };
}

/** `ink` (height, width) without specks, and the number of remaining components. */
export function withoutSpecks(ink) {
  const { labels, masses } = componentsOf(ink);
  const least = SPECK * Math.max(...masses);
  const values = ink.values.slice();
  for (let at = 0; at < values.length; at += 1) if (values[at] && masses[labels[at]] < least) values[at] = 0;
  return { ink: { ...ink, values }, parts: masses.subarray(1).filter((mass) => mass >= least).length };
}

/** Labels the component of `start`. `queue`: space for pixels whose neighbors are still to be visited. */
function fill({ height, width, values }, start, label, labels, queue) {
  let count = 0;
  const visit = (at) => {
    if (labels[at] || !values[at]) return;
    labels[at] = label;
    queue[count++] = at;
  };
  visit(start);
  while (count) {
    const at = queue[--count];
    const [row, column] = [Math.floor(at / width), at % width];
    for (let y = Math.max(0, row - 1); y <= row + 1 && y < height; y += 1) {
      for (let x = Math.max(0, column - 1); x <= column + 1 && x < width; x += 1) visit(y * width + x);
    }
  }
}
