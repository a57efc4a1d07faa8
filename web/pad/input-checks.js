/**
 * Input checks: rules on the 28x28 pixels that reject non-digits without a network; and all reasons for a rejection.
 * digits/inference/input_checks.py explains the limits.
 */

const SIDE = 28;
export const LIMITS = {
  WINDOW: 9, // pixels of a square window
  MAX_FILL: 0.97, // of its area
  MAX_CROSSINGS: 5, // strokes crossed by one row or column
  MAX_TOTAL_CROSSINGS: 95, // strokes crossed by all rows and columns
  MAX_HOLES: 3, // more than components
  MAX_PARTS: 3, // components
  MAX_SPLIT: 0.2, // of the ink on either side of a gap
};
export const REASONS = {
  ink: 'far too much ink',
  parts: 'several digits or parts',
  touching: 'several digits that touch',
  tangle: 'a tangle of lines',
  edge: 'touches the edge',
  faint: 'the strokes are very faint',
  unlike: 'unlike any digit',
};
export const IMAGE_FLAWS = [REASONS.edge, REASONS.faint]; // flaws of the image rather than of the digit
const [STRONG, FAINT] = [0.5, 0.15]; // of the darkest pixel

/**
 * Why this is rejected as a digit, one of REASONS; null if it may be one. `isOutlier`: the network finds it unlike the
 * digits it was trained on.
 */
export function rejectionReason({ pixels, parts, touchesEdge, fillsCorner = false }, isOutlier = false) {
  const darkest = Math.max(...pixels);
  const isStrong = (row, column) => Number(pixels[row * SIDE + column] > STRONG * darkest);
  if (maxWindowFill(pixels) > LIMITS.MAX_FILL) return REASONS.ink;
  if (parts > LIMITS.MAX_PARTS || columnSplit(pixels, darkest) > LIMITS.MAX_SPLIT) return REASONS.parts;
  const crossings = [...strokeCrossings(isStrong), ...strokeCrossings((row, column) => isStrong(column, row))];
  const isTangle = Math.max(...crossings) > LIMITS.MAX_CROSSINGS || sum(crossings) > LIMITS.MAX_TOTAL_CROSSINGS || -eulerNumber(isStrong) > LIMITS.MAX_HOLES;
  if (isTangle) return REASONS.tangle;
  if (fillsCorner) return REASONS.edge;
  if (!isOutlier) return null;
  if (touchesEdge) return REASONS.edge;
  return isFaint(pixels) ? REASONS.faint : REASONS.unlike;
}

/** Whether less than a quarter of the inked pixels have half of full ink. */
const isFaint = (pixels) => pixels.filter((pixel) => pixel >= 128).length < pixels.filter(Boolean).length / 4;

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

/** The fill, 0 to 1, of the fullest window of WINDOW pixels. */
function maxWindowFill(pixels) {
  const { WINDOW } = LIMITS;
  const starts = Array.from({ length: SIDE - WINDOW + 1 }, (_, at) => at);
  const rows = Array.from({ length: SIDE }, (_, row) => starts.map((left) => sum(pixels.subarray(row * SIDE + left, row * SIDE + left + WINDOW))));
  const windows = starts.flatMap((top) => starts.map((left) => sum(rows.slice(top, top + WINDOW).map((row) => row[left]))));
  return Math.max(...windows) / (255 * WINDOW ** 2);
}

/** The fraction of the ink on the lighter side of an empty column: 0 to 0.5. */
function columnSplit(pixels, darkest) {
  const columns = Array.from({ length: SIDE }, (_, column) => pixels.filter((_pixel, at) => at % SIDE === column));
  const all = Math.max(1, sum(pixels));
  let [left, most] = [0, 0];
  for (const column of columns) {
    left += sum(column);
    if (Math.max(...column) <= FAINT * darkest) most = Math.max(most, Math.min(left, all - left) / all);
  }
  return most;
}

/** The number of strokes that each row crosses. */
function strokeCrossings(isStrong) {
  return Array.from({ length: SIDE }, (_, row) => {
    let count = 0;
    for (let column = 0; column < SIDE; column += 1) count += Number(isStrong(row, column) && !(column && isStrong(row, column - 1)));
    return count;
  });
}

/** Components (8-connectivity) minus holes, counted on the squares of 2x2 pixels (S. Gray, 1971). */
function eulerNumber(isStrong) {
  const at = (row, column) => (row >= 0 && column >= 0 && row < SIDE && column < SIDE ? isStrong(row, column) : 0);
  let total = 0;
  for (let row = -1; row < SIDE; row += 1) {
    for (let column = -1; column < SIDE; column += 1) {
      const quad = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)];
      const count = sum(quad);
      if (count === 1) total += 1;
      if (count === 3) total -= 1;
      if (count === 2 && quad[0] === quad[2]) total -= 2;
    }
  }
  return total / 4;
}
