/** What a network said of many images, counted: confusion matrix, metrics for each digit, and what to look at. */

const DIGITS = 10;

/** counts[label][said] over an answer set's images. */
export function confusion({ labels, predictions }) {
  const counts = Array.from({ length: DIGITS }, () => Array(DIGITS).fill(0));
  labels.forEach((label, index) => { counts[label][predictions[index]] += 1; });
  return counts;
}

/**
 * For each digit: `images` of it, `recall` (the fraction of them that is classified correctly) and `precision` (the part of what
 * was read as it that is it); null where there is nothing to count.
 */
export function rates(counts) {
  const part = (right, all) => (all ? right / all : null);
  return counts.map((row, digit) => {
    const images = sum(row);
    const said = sum(counts.map((others) => others[digit]));
    return { images, recall: part(row[digit], images), precision: part(row[digit], said) };
  });
}

/** The largest count off the diagonal. */
export function worst(counts) {
  return Math.max(0, ...counts.flatMap((row, label) => row.filter((_, said) => said !== label)));
}

/** Indices of the images of one cell, or of all mistakes: the most confident first. Right answers: the least. */
export function inCell(answers, cell) {
  if (cell && cell.label === cell.said) return rightOnes(answers, ({ label }) => label === cell.label);
  const wanted = cell
    ? ({ label, said }) => label === cell.label && said === cell.said
    : ({ label, said }) => label !== said;
  return pick(answers, wanted).sort((a, b) => answers.confidences[b] - answers.confidences[a] || a - b);
}

/** Indices of the right answers, the least certain first. */
export function rightOnes(answers, wanted = () => true) {
  const right = pick(answers, (answer) => answer.label === answer.said && wanted(answer));
  return right.sort((a, b) => answers.confidences[a] - answers.confidences[b] || a - b);
}

function pick({ labels, predictions }, wanted) {
  return labels.flatMap((label, index) => (wanted({ label, said: predictions[index] }) ? [index] : []));
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
