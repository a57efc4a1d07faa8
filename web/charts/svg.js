/** An SVG writer with the interface of a canvas context, so that a drawn chart can be saved as vector graphics. */

const ANCHORS = { left: 'start', center: 'middle', right: 'end' };
const FONT = /^(?:(\d+) )?(\d+px) (.+)$/; // weight, size, family
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * `toString()` is the whole document, once every `save` has been restored. `prefix` distinguishes the ids of drawings that
 * stand in one page.
 */
export const svgContext = (width, height, prefix = '') => new SvgContext(width, height, prefix);

class SvgContext {
  fillStyle = '#000';
  strokeStyle = '#000';
  globalAlpha = 1;
  lineWidth = 1;
  lineJoin = 'miter';
  font = '12px sans-serif';
  textAlign = 'left';
  textBaseline = 'alphabetic';
  #size;
  #prefix;
  /** @type {string[]} */
  #parts = [];
  /** @type {string[]} */
  #clips = [];
  /** @type {string[]} */
  #saved = [];
  #closing = ''; // end tags of the groups since the last save, one for each clip
  #path = '';
  #dashes = '';

  constructor(width, height, prefix) {
    this.#size = { width, height };
    this.#prefix = prefix;
  }

  save() {
    this.#saved.push(this.#closing);
    this.#closing = '';
  }

  restore() {
    this.#parts.push(this.#closing);
    this.#closing = this.#saved.pop() ?? '';
  }

  beginPath() { this.#path = ''; }
  closePath() { this.#path += 'Z'; }
  moveTo(x, y) { this.#path += `M${formatted(x)} ${formatted(y)}`; }
  lineTo(x, y) { this.#path += `${this.#path ? 'L' : 'M'}${formatted(x)} ${formatted(y)}`; }
  rect(x, y, w, h) { this.#path += `M${formatted(x)} ${formatted(y)}h${formatted(w)}v${formatted(h)}h${formatted(-w)}Z`; }

  /** Full circles only. */
  arc(x, y, radius) {
    const half = (reach) => `a${radius} ${radius} 0 1 0 ${reach} 0`;
    this.#path += `M${formatted(x - radius)} ${formatted(y)}${half(2 * radius)}${half(-2 * radius)}`;
  }

  clip() {
    const id = `${this.#prefix}clip${this.#clips.length}`;
    this.#clips.push(`<clipPath id="${id}"><path d="${this.#path}"/></clipPath>`);
    this.#parts.push(`<g clip-path="url(#${id})">`);
    this.#closing += '</g>';
  }

  setLineDash(pattern) { this.#dashes = pattern.join(' '); }

  fill() { this.#drawPath(this.#fill()); }

  stroke() {
    const dashes = this.#dashes && ` stroke-dasharray="${this.#dashes}"`;
    this.#drawPath(`fill="none" stroke="${escaped(this.strokeStyle)}" stroke-width="${this.lineWidth}" stroke-linejoin="${this.lineJoin}"${dashes}`);
  }

  fillRect(x, y, w, h) {
    this.#parts.push(`<rect x="${formatted(x)}" y="${formatted(y)}" width="${formatted(w)}" height="${formatted(h)}" ${this.#fill()} opacity="${this.globalAlpha}"/>`);
  }

  fillText(text, x, y) {
    const base = this.textBaseline === 'middle' ? ' dominant-baseline="central"' : '';
    const [, weight, size, family] = FONT.exec(this.font) ?? [];
    const bold = weight ? ` font-weight="${weight}"` : '';
    const style = `text-anchor="${ANCHORS[this.textAlign]}"${base}${bold} font-size="${size}" font-family="${escaped(family)}"`; // no style attribute: the page's policy forbids it
    this.#parts.push(`<text x="${formatted(x)}" y="${formatted(y)}" ${this.#fill()} ${style}>${escaped(text)}</text>`);
  }

  toString() {
    const { width, height } = this.#size;
    const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
    return `${head}<defs>${this.#clips.join('')}</defs>${this.#parts.join('')}</svg>`;
  }

  #fill() { return `fill="${escaped(this.fillStyle)}"`; }

  #drawPath(attributes) {
    if (this.#path) this.#parts.push(`<path d="${this.#path}" ${attributes} opacity="${this.globalAlpha}"/>`);
  }
}

/** At most two decimals. */
const formatted = (value) => Number(value.toFixed(2));

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => ENTITIES[sign]);
