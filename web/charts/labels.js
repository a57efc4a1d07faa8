/** Placement of labels without overlaps. */

/** For labels {x, width, weight}: the lane of each, or null where heavier ones, or ones to its left, occupy every lane. */
export function lanes(labels, count, gap = 8) {
  const lane = labels.map(() => null);
  const weight = ({ weight: given = 0 }) => given;
  const order = [...labels.keys()].sort((a, b) => weight(labels[b]) - weight(labels[a]) || labels[a].x - labels[b].x);
  const touches = (a, b) => a.x < b.x + b.width + gap && b.x < a.x + a.width + gap;
  for (const index of order) {
    const isFree = (one) => !labels.some((other, at) => lane[at] === one && touches(labels[index], other));
    const free = Array.from({ length: count }, (_, one) => one).find(isFree);
    if (free !== undefined) lane[index] = free;
  }
  return lane;
}

/** Heights moved apart to at least `gap`, in their order, within [top, bottom]. */
export function apart(heights, gap, top, bottom) {
  const order = [...heights.keys()].sort((a, b) => heights[a] - heights[b]);
  const result = [...heights];
  let least = top;
  for (const index of order) {
    result[index] = Math.max(result[index], least);
    least = result[index] + gap;
  }
  let most = bottom;
  for (const index of order.reverse()) {
    result[index] = Math.min(result[index], most);
    most = result[index] - gap;
  }
  return result;
}
