/** Quantiles in linear time, without sorting. */

/** The quantile at `fraction` (0 to 1), interpolated linearly. Reorders `values`. */
export function quantile(values, fraction) {
  const rank = fraction * (values.length - 1);
  const below = nth(values, Math.floor(rank));
  return below + (nth(values, Math.ceil(rank)) - below) * (rank % 1);
}

/** The n-th smallest value: quickselect (C. Hoare, "Algorithm 65: Find", 1961). */
function nth(values, n) {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[n];
    let [low, high] = [left, right];
    while (low <= high) {
      while (values[low] < pivot) low += 1;
      while (values[high] > pivot) high -= 1;
      if (low > high) break;
      const value = values[low];
      values[low++] = values[high];
      values[high--] = value;
    }
    if (high < n) left = low;
    if (n < low) right = high;
  }
  return values[n];
}
