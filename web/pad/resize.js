/** A picture at another size: smaller by the mean of areas, larger by cubic convolution, or as sharp as before. */

const ROUNDS = 10; // of sharpening

/** `values`: a typed array (height, width, any number of channels) of 0 to 1. */
export function resized({ height, width, values }, newHeight, newWidth) {
  const both = sampled({ height, width, values }, newHeight, newWidth);
  const isLarger = newHeight > height || newWidth > width; // cubic convolution goes beyond what it is between, a mean does not
  return { height: newHeight, width: newWidth, values: isLarger ? both.map(clipped) : both };
}

/** One channel at `times` the size, with edges so sharp that the mean of its areas is `values` again. */
export function enlarged({ height, width, values }, times) {
  const [newHeight, newWidth] = [height * times, width * times];
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
        const from = (group * before + Math.min(before - 1, Math.max(0, pixel))) * step; // the edge goes on beyond it
        const to = (group * after + place) * step;
        for (let index = 0; index < step; index += 1) result[to + index] += weight * values[from + index];
      }
    }
  }
  return result;
}

/** The old pixels that a new one lies on, each with its part of it. */
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
    const away = Math.abs(middle - pixel);
    return [pixel, away <= 1 ? (1.5 * away - 2.5) * away ** 2 + 1 : ((-0.5 * away + 2.5) * away - 4) * away + 2];
  });
}
