/** Connected components of the ink (8-connectivity), and the removal of specks. */

const SPECK = 0.06; // of the largest component's ink: less is dirt

/** `ink` (height, width) without specks, and the number of remaining components. */
export function withoutSpecks(ink) {
  const labels = new Int32Array(ink.values.length); // 1, 2, ..., and 0 where there is no ink
  const queue = new Int32Array(ink.values.length);
  /** @type {number[]} */
  const masses = [];
  for (let at = 0; at < labels.length; at += 1) {
    if (ink.values[at] && !labels[at]) masses.push(fill(ink, at, masses.length + 1, labels, queue));
  }
  const least = SPECK * Math.max(...masses);
  const values = ink.values.slice();
  for (let at = 0; at < values.length; at += 1) if (values[at] && masses[labels[at] - 1] < least) values[at] = 0;
  return { ink: { ...ink, values }, parts: masses.filter((mass) => mass >= least).length };
}

/** Labels the component of `start`; returns its ink. `queue`: space for pixels whose neighbors are still to be visited. */
function fill({ height, width, values }, start, label, labels, queue) {
  let [mass, count] = [0, 0];
  const visit = (at) => {
    if (labels[at] || !values[at]) return;
    labels[at] = label;
    mass += values[at];
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
  return mass;
}
