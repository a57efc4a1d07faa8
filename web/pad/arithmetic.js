/**
 * The layers of a convolutional network, one function each, from (C, H, W) to (C, H, W).
 * Arguments: the layer as plan.js parsed it, the weights of all layers, the input and its shape.
 */

export const LAYERS = { conv, linear, scale, relu, pool, mean, pad };

/**
 * Each weight is applied to a whole channel at once: the rows of the padded input are contiguous, so that shifting the
 * kernel shifts the offset of the read. Columns that span two rows, and strided ones, are dropped at the end.
 */
function conv({ kernel, stride, padding, groups, weight, bias, shape }, numbers, input, before) {
  const { values: padded, width, size } = withMargin(input, before, padding, 0);
  const [out, rows, columns] = shape;
  const output = new Float32Array(out * rows * columns);
  const each = before[0] / groups; // input channels per group
  const length = stride * ((rows - 1) * width + columns - 1) + 1;
  const sum = new Float32Array(length);
  let at = weight;
  for (let channel = 0; channel < out; channel += 1) {
    sum.fill(bias === null ? 0 : numbers[bias + channel]);
    const first = Math.floor(channel / (out / groups)) * each;
    for (let from = first; from < first + each; from += 1) {
      for (let y = 0; y < kernel; y += 1) {
        const start = from * size + y * width;
        let x = 0;
        for (; x + 3 <= kernel; x += 3, at += 3) addThree(sum, numbers, at, padded, start + x);
        for (; x < kernel; x += 1, at += 1) addOne(sum, numbers[at], padded, start + x);
      }
    }
    select(sum, output, channel, { rows, columns, width, stride });
  }
  return output;
}

/** sum += factor * values from `start` on; a separate function, because engines compile small loops best. */
function addOne(sum, factor, values, start) {
  const { length } = sum;
  for (let place = 0; place < length; place += 1) sum[place] += factor * values[start + place];
}

/** Three adjacent weights of a kernel's row at once: a third of the writes, which dominate the time. */
function addThree(sum, numbers, first, values, start) {
  const { length } = sum;
  const [left, middle, right] = [numbers[first], numbers[first + 1], numbers[first + 2]];
  for (let place = 0; place < length; place += 1) {
    const at = start + place;
    sum[place] += left * values[at] + middle * values[at + 1] + right * values[at + 2];
  }
}

function select(sum, output, channel, { rows, columns, width, stride }) {
  let target = channel * rows * columns;
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) output[target++] = sum[stride * (y * width + x)];
  }
}

function linear({ in: before, out, weight, bias }, numbers, input) {
  return Float32Array.from({ length: out }, (_, unit) => {
    let sum = bias === null ? 0 : numbers[bias + unit];
    for (let place = 0, at = weight + unit * before; place < before; place += 1) sum += numbers[at + place] * input[place];
    return sum;
  });
}

function scale({ weight, bias }, numbers, input, [, rows, columns]) {
  const area = rows * columns;
  return input.map((value, place) => {
    const channel = Math.floor(place / area);
    return value * numbers[weight + channel] + (bias === null ? 0 : numbers[bias + channel]);
  });
}

function relu(_, numbers, input) {
  return input.map((value) => Math.max(0, value));
}

function pool({ size, shape: [channels, rows, columns] }, numbers, input, [, height, width]) {
  const output = new Float32Array(channels * rows * columns);
  let target = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        output[target++] = greatest(input, (channel * height + y * size) * width + x * size, size, width);
      }
    }
  }
  return output;
}

function greatest(values, corner, size, width) {
  let most = -Infinity;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) most = Math.max(most, values[corner + y * width + x]);
  }
  return most;
}

function mean(_, numbers, input, [channels, rows, columns]) {
  const area = rows * columns;
  return Float32Array.from({ length: channels }, (_unused, channel) => {
    let sum = 0;
    for (let place = channel * area; place < (channel + 1) * area; place += 1) sum += input[place];
    return sum / area;
  });
}

function pad({ size, value }, numbers, input, before) {
  return withMargin(input, before, size, value).values;
}

/** The channels with a margin of `depth` pixels of `value`: their values, and the width and size of a channel. */
function withMargin(input, [channels, rows, columns], depth, value) {
  const [width, height] = [columns + 2 * depth, rows + 2 * depth];
  const values = new Float32Array(channels * height * width).fill(value);
  for (let row = 0; row < channels * rows; row += 1) {
    const top = Math.floor(row / rows) * height + (row % rows) + depth;
    values.set(input.subarray(row * columns, (row + 1) * columns), top * width + depth);
  }
  return { values, width, size: height * width };
}
