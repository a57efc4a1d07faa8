/** Validators of parsed JSON: a value of the expected type, or a default. */

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;
// Control characters, and those that change the direction of the surrounding text.
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/**
 * @param {unknown} value
 * @returns {value is Object<string, any>}
 */
export const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
/** @type {(value: unknown) => Object<string, any>} */
export const record = (value) => (isRecord(value) ? value : {});
/** @type {(value: unknown) => any[]} */
export const list = (value) => (Array.isArray(value) ? value : []);
/** @type {(value: unknown) => number | null} */
export const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null);
/** @type {(value: unknown) => number | null} */
export const count = (value) => (typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null);
export const share = (value) => Math.min(1, Math.max(0, number(value) ?? 0));
/** Of calibration; null: uncalibrated. */
export const temperature = (value) => ((number(value) ?? 0) > 0 ? number(value) : null);
export const text = (value, longest = 1000) =>
  typeof value === 'string' ? value.replace(UNPRINTABLE, ' ').slice(0, longest).trim() : '';
export const time = (value) => number(Date.parse(text(value, 40)));
export const runId = (value) => (RUN_ID.test(text(value)) ? text(value) : '');
