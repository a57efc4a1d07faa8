/** Values of a file read defensively: of the expected type, or nothing. */

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;
// Control characters, and those that turn the reading direction of the text around them.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

export const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
export const record = (value) => (isRecord(value) ? value : {});
export const list = (value) => (Array.isArray(value) ? value : []);
export const number = (value) => (Number.isFinite(value) ? value : null);
export const count = (value) => (Number.isInteger(value) && value >= 0 ? value : null);
export const share = (value) => Math.min(1, Math.max(0, number(value) ?? 0));
export const temperature = (value) => (number(value) > 0 ? value : null); // of calibration; null: uncalibrated
export const text = (value, longest = 1000) =>
  typeof value === 'string' ? value.replace(UNPRINTABLE, ' ').slice(0, longest).trim() : '';
export const time = (value) => number(Date.parse(text(value, 40)));
export const runId = (value) => (RUN_ID.test(text(value)) ? text(value) : '');
