/** Medians and their like, without sorting. */

/** The value that a `part` (0 to 1) of `values` lies below, in proportion between two of them. Changes their order. */
export function quantile(values, part) {
  const place = part * (values.length - 1);
  const below = nth(values, Math.floor(place));
  return below + (nth(values, Math.ceil(place)) - below) * (place % 1);
}

/** What would stand at place n, were `values` sorted (C. Hoare, "Algorithm 65: Find", 1961). */
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
