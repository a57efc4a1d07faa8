/** Easing of an axis while a run is training: it widens at once, and narrows slowly once much of it would be empty. */

/** @typedef {{low: number, high: number}} Range */

const USED = 0.6; // fraction of the axis; with less it narrows
const EASE_MS = 500;

const lengthOf = ({ low, high }) => high - low;
const union = (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) });

/** `next(wanted, key, now)` is the range to show; another `key` shows `wanted` at once. */
export class Easing {
  #key = '';
  /** @type {Range | null} */
  #from = null;
  /** @type {Range | null} */
  #to = null;
  #start = 0;
  isMoving = false;

  /**
   * @param {Range} wanted
   * @param {string} key
   * @param {number} now milliseconds
   * @returns {Range}
   */
  next(wanted, key, now) {
    const shown = this.#at(now);
    if (!shown || key !== this.#key) {
      this.#key = key;
      return this.#jump(wanted);
    }
    const widest = union(shown, wanted);
    const isNarrower = lengthOf(wanted) < USED * lengthOf(widest);
    if (!isNarrower && this.isMoving) return shown; // towards what it began to narrow to
    if (!isNarrower) return this.#jump(widest);
    if (!this.isMoving) [this.#from, this.#start, this.isMoving] = [shown, now, true];
    this.#to = wanted;
    return this.#at(now) ?? wanted;
  }

  stop() {
    [this.#key, this.isMoving] = ['', false];
  }

  #jump(range) {
    [this.#from, this.#to, this.isMoving] = [range, range, false];
    return range;
  }

  /** @returns {Range | null} */
  #at(now) {
    if (!this.#from || !this.#to || !this.isMoving) return this.#to;
    const part = Math.min(1, (now - this.#start) / EASE_MS);
    this.isMoving = part < 1;
    const slow = part * part * (3 - 2 * part);
    const between = (key) => (this.#from?.[key] ?? 0) * (1 - slow) + (this.#to?.[key] ?? 0) * slow;
    return { low: between('low'), high: between('high') };
  }
}
