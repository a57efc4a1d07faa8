/** Line styles of the overlaid runs: ten colors, which the style sheet names, and ten dash patterns: never color alone. */

const SHOWN = [6, 4]; // the validation curve of the shown run
const DASHES = [
  [2, 2], [8, 3, 2, 3], [12, 4], [4, 6], [8, 2], [2, 5], [14, 3, 2, 3, 2, 3], [4, 2], [10, 3, 4, 3], [1, 3, 6, 3],
];

/** The dash pattern of the overlaid run with that number, from 1; 0: the shown run. */
export const dashesOf = (number) => (number ? DASHES[(number - 1) % DASHES.length] : SHOWN);

/** The name of its color. */
export const colorOf = (number) => (number ? `other${number}` : 'validation');

/** The names of all colors of a chart. */
export const COLORS = ['ink', 'soft', 'line', 'surface', 'train', 'validation', 'bad', ...DASHES.map((_, index) => colorOf(index + 1))];
