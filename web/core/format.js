/** Formatting of numbers, times and shapes, in one style for each kind; a dash for unknown values. */

export const UNKNOWN = '–';
const SPACE = '\u00a0'; // a number and its unit stay on one line
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** 246,026 */
export const whole = (value) => (value === null ? UNKNOWN : grouped.format(value));

/** 0.0123: four decimals below 1, fewer above, three significant digits below 0.001, then an exponent. */
export function decimal(value) {
  if (value === null) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-5)) return value.toExponential(2).replace('e+', 'e');
  if (size > 0 && size < 0.001) return value.toPrecision(3);
  if (size >= 1000) return tenths.format(value);
  return value.toFixed(size < 1 ? 4 : size < 10 ? 3 : size < 100 ? 2 : 1);
}

/** 0.006: a learning rate or another small setting, at most three significant digits. */
export function rate(value) {
  if (value === null) return UNKNOWN;
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) < 1e-5 && rounded ? rounded.toExponential() : String(rounded);
}

/** 60,000 or 0.9995: a number that someone chose is never rounded. */
export const exact = (value) => (Number.isInteger(value) ? grouped.format(value) : String(value));

/** 98.94 %; values below 1 never round up to 100 %. */
export function percent(value, decimals = 2) {
  if (value === null) return UNKNOWN;
  const almost = 100 - 10 ** -decimals;
  const shown = value < 1 ? Math.min(value * 100, almost) : value * 100;
  return `${shown.toFixed(decimals)}${SPACE}%`;
}

/** 0.50: a value of an axis, with as many decimals as its other ticks; null on a log scale: as many as it needs. */
export const tick = (value, decimals) => (decimals === null ? rate(value)
  : value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));

/** 0.12: a difference of fractions in percentage points. */
export const points = (difference) => (100 * Math.abs(difference)).toFixed(2);

/** 0.034: the probability of a statistical test, two significant digits. */
export const pValue = (p) => (p < 0.001 ? 'below 0.001' : String(Number(p.toPrecision(2))));

/** 98.15 ± 0.06 %: two formatted values of one unit; the second has no more decimals than the first, unless it would be 0. */
export function plusMinus(value, spread) {
  const decimals = /\.(\d+)/.exec(value)?.[1].length ?? 0;
  const rounded = Number(spread).toFixed(decimals);
  const short = Number(rounded) > 0 && rounded.length < spread.length ? rounded : spread;
  return `${value.replace(/\s*%$/, '')}${SPACE}±${SPACE}${short}`;
}

/** 94.9 %: a probability of the network. Never 100 %, and marked where no temperature has calibrated it. */
export function likelihood(value, isCalibrated = true) {
  if (value === null) return UNKNOWN;
  return `${percent(Math.min(value, 0.999), 1)}${isCalibrated ? '' : ' (uncalibrated)'}`;
}

/** 0.4 s, 12 s, 1 min 12 s, 1 h 5 min, 2 d 3 h; without `hasTenths`, for estimates, whole seconds. */
export function duration(seconds, hasTenths = true) {
  if (seconds === null || seconds < 0) return UNKNOWN;
  if (hasTenths && seconds < 9.95) return `${seconds.toFixed(1)}${SPACE}s`;
  const all = Math.round(seconds);
  const [days, hours, minutes] = [Math.floor(all / 86400), Math.floor(all / 3600) % 24, Math.floor(all / 60) % 60];
  if (days) return `${days}${SPACE}d ${hours}${SPACE}h`;
  if (hours) return `${hours}${SPACE}h ${minutes}${SPACE}min`;
  if (minutes) return `${minutes}${SPACE}min ${all % 60}${SPACE}s`;
  return `${all}${SPACE}s`;
}

const SIZES = ['bytes', 'kB', 'MB', 'GB', 'TB']; // each a thousand times the one before

/** 458 kB, 12.3 GB: a number of bytes, three significant digits. */
export function bytes(value) {
  let place = 0;
  for (; value >= 999.5 && place < SIZES.length - 1; place += 1) value /= 1000;
  const decimals = place === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(decimals)}${SPACE}${SIZES[place]}`;
}

/** 12:03:11, preceded by the date if that is not today. */
export const clock = (milliseconds, now = Date.now()) => timeOfDay(milliseconds, now, 'medium');

/** 12:03, the same without seconds */
export const minute = (milliseconds, now = Date.now()) => timeOfDay(milliseconds, now, 'short');

function timeOfDay(milliseconds, now, timeStyle) {
  if (milliseconds === null) return UNKNOWN;
  const moment = new Date(milliseconds);
  const dateStyle = moment.toDateString() === new Date(now).toDateString() ? undefined : 'medium';
  return moment.toLocaleString('en-GB', { dateStyle, timeStyle });
}

/** 20 Nov 2026, 12:03 */
export function date(milliseconds) {
  if (milliseconds === null) return UNKNOWN;
  return new Date(milliseconds).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

/** 16×28×28 */
export const shape = (sizes) => (sizes.length ? sizes.map((size) => size ?? '?').join('×') : UNKNOWN);

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** 2 epochs, 1 epoch */
export const counted = (value, noun) => `${whole(value)} ${noun}${value === 1 ? '' : 's'}`;
