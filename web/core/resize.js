/** Image resizing: area averages to shrink, cubic convolution to enlarge, back-projection to enlarge with sharp edges. */

const ROUNDS = 10; // of back-projection

/** @typedef {{height: number, width: number, values: Float64Array}} Image any number of channels, of 0 to 1 */

/** `values`: a typed array (height, width, any number of channels) of 0 to 1. */
export function resized({ height, width, values }, newHeight, newWidth) {
  const both = sampled({ height, width, values }, newHeight, newWidth);
  const isLarger = newHeight > height || newWidth > width; // cubic convolution overshoots, an average does not
  return { height: newHeight, width: newWidth, values: isLarger ? both.map(clipped) : both };
}

/**
 * One channel at `times` the size whose area averages equal `values`: iterative back-projection (M. Irani and S. Peleg,
 * "Improving resolution by image registration", 1991).
 */
export function upsampled({ height, width, values }, times) {
  const [newHeight, newWidth] = [height, width].map((side) => Math.round(side * times));
  let fine = sampled({ height, width, values }, newHeight, newWidth).map(clipped);
  for (let round = 0; round < ROUNDS; round += 1) {
    const means = sampled({ height: newHeight, width: newWidth, values: fine }, height, width);
    const missing = sampled({ height, width, values: values.map((value, at) => value - means[at]) }, newHeight, newWidth);
    fine = fine.map((value, at) => clipped(value + missing[at]));
  }
  return { height: newHeight, width: newWidth, values: fine };
}

const clipped = (value) => Math.min(1, Math.max(0, value));

function sampled({ height, width, values }, newHeight, newWidth) {
  const channels = values.length / height / width;
  const low = along(values, 1, height, newHeight, width * channels);
  return along(low, newHeight, width, newWidth, channels);
}

/** (groups, before, step) to (groups, after, step). */
function along(values, groups, before, after, step) {
  if (before === after) return values;
  const result = new values.constructor(groups * after * step);
  for (let place = 0; place < after; place += 1) {
    for (const [pixel, weight] of (after < before ? areas : cubic)(place, before, after)) {
      for (let group = 0; group < groups; group += 1) {
        const from = (group * before + Math.min(before - 1, Math.max(0, pixel))) * step; // the edge is repeated
        const to = (group * after + place) * step;
        for (let index = 0; index < step; index += 1) result[to + index] += weight * values[from + index];
      }
    }
  }
  return result;
}

/** The source pixels that a target pixel covers, each with its fraction. */
function areas(place, before, after) {
  const [start, end] = [(place * before) / after, ((place + 1) * before) / after];
  const first = Math.floor(start);
  return Array.from({ length: Math.ceil(end) - first }, (_, index) => {
    const pixel = first + index;
    return [pixel, ((Math.min(end, pixel + 1) - Math.max(start, pixel)) * after) / before];
  });
}

/** R. Keys, "Cubic convolution interpolation for digital image processing", 1981, with a = -1/2. */
function cubic(place, before, after) {
  const middle = ((place + 0.5) * before) / after - 0.5;
  return [-1, 0, 1, 2].map((index) => {
    const pixel = Math.floor(middle) + index;
    const distance = Math.abs(middle - pixel);
    const isNear = distance <= 1;
    return [pixel, isNear ? (1.5 * distance - 2.5) * distance ** 2 + 1 : ((-0.5 * distance + 2.5) * distance - 4) * distance + 2];
  });
}

/** The nearest integer, of a half the even one, as Python and NumPy round. */
export function rounded(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}
