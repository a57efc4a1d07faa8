/** From numbers to pixels and back, and the round numbers that stand along an axis. */

/** A linear scale; `invert` goes back. */
export function linear([low, high], [start, end]) {
  const factor = (end - start) / (high - low || 1);
  const scale = (value) => start + (value - low) * factor;
  scale.invert = (pixel) => low + (pixel - start) / (factor || 1);
  return scale;
}

/** The smallest of 1, 2, 5 times a power of ten that is not below `step`. */
export function niceStep(step) {
  if (!(step > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  const digit = [1, 2, 5].find((candidate) => candidate * power >= step * (1 - 1e-9)) ?? 10;
  return digit * power;
}

/** Round numbers from low to high, about `wanted` of them, none closer than `smallest`. */
export function ticks(low, high, wanted, smallest = 0) {
  const step = Math.max(niceStep((high - low) / Math.max(1, wanted)), smallest);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = [];
  for (let index = Math.ceil(low / step - 1e-9); index <= high / step + 1e-9 && values.length < 100; index += 1) {
    values.push(Number((index * step).toFixed(Math.min(20, decimals))));
  }
  return { values, step, decimals };
}
