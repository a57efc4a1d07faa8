/** Connected parts of the ink, corners included; those with hardly any ink are dirt. */

const SPECK = 0.06; // of the largest part's ink: less is dirt

/** `ink` (height, width) without specks, and how many parts are left. */
export function withoutSpecks(ink) {
  const labels = new Int32Array(ink.values.length); // 1, 2, ..., and 0 where there is no ink
  const waiting = new Int32Array(ink.values.length);
  const masses = [];
  for (let at = 0; at < labels.length; at += 1) {
    if (ink.values[at] && !labels[at]) masses.push(fill(ink, at, masses.length + 1, labels, waiting));
  }
  const least = SPECK * Math.max(...masses);
  const values = ink.values.slice();
  for (let at = 0; at < values.length; at += 1) if (values[at] && masses[labels[at] - 1] < least) values[at] = 0;
  return { ink: { ...ink, values }, parts: masses.filter((mass) => mass >= least).length };
}

/** Labels the part that `start` belongs to; its ink. `waiting` is room for pixels whose neighbours are not seen yet. */
function fill({ height, width, values }, start, label, labels, waiting) {
  let [mass, count] = [0, 0];
  const reach = (at) => {
    if (labels[at] || !values[at]) return;
    labels[at] = label;
    mass += values[at];
    waiting[count++] = at;
  };
  reach(start);
  while (count) {
    const at = waiting[--count];
    const [row, column] = [Math.floor(at / width), at % width];
    for (let y = Math.max(0, row - 1); y <= row + 1 && y < height; y += 1) {
      for (let x = Math.max(0, column - 1); x <= column + 1 && x < width; x += 1) reach(y * width + x);
    }
  }
  return mass;
}
