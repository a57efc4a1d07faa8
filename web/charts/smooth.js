/** Smoothing: the debiased exponential moving average of TensorBoard's charts. */

/** `weight`: decay from 0 to 1. Nulls stay gaps, after which the average continues. */
export function smoothed(values, weight) {
  let [sum, mass] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}
