/** Mean and standard deviation. */

export const NO_SPREAD = 1e-12; // relative: equal numbers, apart from rounding

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The sample standard deviation (divisor n - 1); 0 where values differ by rounding only, null for fewer than two. */
export function deviation(values) {
  if (values.length < 2) return null;
  const center = mean(values);
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
  return sd <= NO_SPREAD * Math.max(...values.map(Math.abs)) ? 0 : sd;
}
