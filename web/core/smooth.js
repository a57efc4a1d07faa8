/** Smoothing as TensorBoard does it: an exponential average that does not begin at nothing. */

/** `weight` 0..1 is how much of the average stays at each value; nulls leave gaps, and the average goes on behind them. */
export function smoothed(values, weight) {
  let [sum, mass] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}
