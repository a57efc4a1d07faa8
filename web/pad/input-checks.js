/** What is no digit, whichever network looks at it: the gates of digits/inference/input_checks.py, which says where their limits come from. */

const SIDE = 28;
const [FULL_SIDE, FULL] = [9, 0.97]; // pixels, and how full of ink such a square may be
const AT_ONCE = 5; // strokes that one row or column crosses
const IN_ALL = 85; // strokes that all rows and columns cross
const HOLES = 3; // more than pieces
const PARTS = 3; // large pieces of ink
const BESIDE = 0.2; // of the ink, on either side of a gap
const [STRONG, FAINT] = [0.5, 0.15]; // of the darkest pixel

/** Why this can't be one digit, in a few words; null where it may be one. */
export function refused({ pixels, parts }) {
  const darkest = Math.max(...pixels);
  const strong = (row, column) => Number(pixels[row * SIDE + column] > STRONG * darkest);
  if (fullest(pixels) > FULL) return 'far too much ink';
  if (parts > PARTS || divided(pixels, darkest) > BESIDE) return 'several large parts';
  const crossings = [...crossed(strong), ...crossed((row, column) => strong(column, row))];
  const isTangle = Math.max(...crossings) > AT_ONCE || total(crossings) > IN_ALL || -euler(strong) > HOLES;
  return isTangle ? 'a tangle of lines' : null;
}

const total = (numbers) => numbers.reduce((sum, one) => sum + one, 0);

/** How full, 0 to 1, the fullest square of FULL_SIDE pixels is. */
function fullest(pixels) {
  let most = 0;
  for (let top = 0; top + FULL_SIDE <= SIDE; top += 1) {
    for (let left = 0; left + FULL_SIDE <= SIDE; left += 1) {
      let sum = 0;
      for (let row = top; row < top + FULL_SIDE; row += 1) sum += total(pixels.subarray(row * SIDE + left, row * SIDE + left + FULL_SIDE));
      most = Math.max(most, sum);
    }
  }
  return most / (255 * FULL_SIDE ** 2);
}

/** How much of the ink is on the lesser side of a column without ink: 0 to 0.5. */
function divided(pixels, darkest) {
  const columns = Array.from({ length: SIDE }, (_, column) => pixels.filter((_, at) => at % SIDE === column));
  const all = Math.max(1, total(pixels));
  let [left, most] = [0, 0];
  for (const column of columns) {
    left += total(column);
    if (Math.max(...column) <= FAINT * darkest) most = Math.max(most, Math.min(left, all - left) / all);
  }
  return most;
}

/** How many strokes each row crosses. */
function crossed(strong) {
  return Array.from({ length: SIDE }, (_, row) => {
    let count = 0;
    for (let column = 0; column < SIDE; column += 1) count += strong(row, column) && !(column && strong(row, column - 1));
    return count;
  });
}

/** How many pieces there are, corners included, less their holes: the squares of 2x2 pixels tell it. */
function euler(strong) {
  const at = (row, column) => (row >= 0 && column >= 0 && row < SIDE && column < SIDE ? strong(row, column) : 0);
  let sum = 0;
  for (let row = -1; row < SIDE; row += 1) {
    for (let column = -1; column < SIDE; column += 1) {
      const quad = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)];
      const count = total(quad);
      if (count === 1) sum += 1;
      if (count === 3) sum -= 1;
      if (count === 2 && quad[0] === quad[2]) sum -= 2;
    }
  }
  return sum / 4;
}
