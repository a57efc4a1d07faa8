/** Labels that stand beside each other without touching. */

/** For labels {x, width} from left to right: the lane each may stand in, or null where every lane is taken. */
export function lanes(labels, count, gap = 8) {
  const free = new Array(count).fill(-Infinity);
  return labels.map(({ x, width }) => {
    const lane = free.findIndex((end) => x >= end);
    if (lane < 0) return null;
    free[lane] = x + width + gap;
    return lane;
  });
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
