/** Scales from numbers to pixels and back, and the ticks of an axis. */

/** A linear scale; `invert` maps pixels to numbers. */
export function linear([low, high], [start, end]) {
  const factor = (end - start) / (high - low || 1);
  const scale = (value) => start + (value - low) * factor;
  scale.invert = (pixel) => low + (pixel - start) / (factor || 1);
  return scale;
}

/** A logarithmic scale between two positive numbers; smaller ones are clamped to the lower end. */
export function logarithmic([low, high], pixels) {
  const inner = linear([Math.log10(low), Math.log10(high)], pixels);
  const scale = (value) => inner(Math.log10(Math.max(value, low)));
  scale.invert = (pixel) => 10 ** inner.invert(pixel);
  return scale;
}

/** About `wanted` ticks from low to high: 1, 2 and 5 times powers of ten, or only powers of ten. */
export function logTicks(low, high, wanted) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const digits = Math.log10(high / low) <= wanted / 3 ? [1, 2, 5] : [1];
  const every = digits.length > 1 ? 1 : Math.max(1, Math.ceil((last - first) / Math.max(1, wanted)));
  const values = [];
  for (let power = first; power <= last; power += every) {
    for (const digit of digits) values.push(Number((digit * 10 ** power).toPrecision(1)));
  }
  return { values: values.filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)), decimals: null };
}

/** The smallest of 1, 2 or 5 times a power of ten that is at least `step`. */
export function niceStep(step) {
  if (!(step > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  const digit = [1, 2, 5].find((candidate) => candidate * power >= step * (1 - 1e-9)) ?? 10;
  return digit * power;
}

/** About `wanted` round numbers from low to high, at least `smallest` apart. */
export function ticks(low, high, wanted, smallest = 0) {
  const step = Math.max(niceStep((high - low) / Math.max(1, wanted)), smallest);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = [];
  for (let index = Math.ceil(low / step - 1e-9); index <= high / step + 1e-9 && values.length < 100; index += 1) {
    values.push(Number((index * step).toFixed(Math.min(20, decimals))));
  }
  return { values, decimals };
}
