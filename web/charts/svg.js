/** Stands in for a canvas context and writes SVG: what is painted on the page can be saved as lines and letters. */

const ANCHORS = { left: 'start', center: 'middle', right: 'end' };

export function svgContext(width, height) {
  const parts = [];
  const clips = [];
  const saved = [];
  let closing = ''; // the ends of the groups since the last save, one for each clip
  let path = '';
  let dashes = [];

  const inColour = () => `fill="${escaped(context.fillStyle)}"`;
  const shape = (attributes) => parts.push(`<path d="${path}" ${attributes} opacity="${context.globalAlpha}"/>`);
  const context = {
    fillStyle: '#000', strokeStyle: '#000', globalAlpha: 1, lineWidth: 1, lineJoin: 'miter',
    font: '12px sans-serif', textAlign: 'left', textBaseline: 'alphabetic',
    scale() {}, // lines are sharp at any size
    save() {
      saved.push(closing);
      closing = '';
    },
    restore() {
      parts.push(closing);
      closing = saved.pop();
    },
    beginPath() { path = ''; },
    closePath() { path += 'Z'; },
    moveTo(x, y) { path += `M${at(x)} ${at(y)}`; },
    lineTo(x, y) { path += `${path ? 'L' : 'M'}${at(x)} ${at(y)}`; },
    rect(x, y, w, h) { path += `M${at(x)} ${at(y)}h${at(w)}v${at(h)}h${at(-w)}Z`; },
    arc(x, y, radius) { path += `M${at(x - radius)} ${at(y)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`; },
    clip() {
      clips.push(`<clipPath id="clip${clips.length}"><path d="${path}"/></clipPath>`);
      parts.push(`<g clip-path="url(#clip${clips.length - 1})">`);
      closing += '</g>';
    },
    setLineDash(pattern) { dashes = pattern; },
    fill() { if (path) shape(inColour()); },
    stroke() {
      if (!path) return;
      const dash = dashes.length ? ` stroke-dasharray="${dashes.join(' ')}"` : '';
      shape(`fill="none" stroke="${escaped(context.strokeStyle)}" stroke-width="${context.lineWidth}" stroke-linejoin="${context.lineJoin}"${dash}`);
    },
    fillRect(x, y, w, h) {
      parts.push(`<rect x="${at(x)}" y="${at(y)}" width="${at(w)}" height="${at(h)}" ${inColour()} opacity="${context.globalAlpha}"/>`);
    },
    fillText(text, x, y) {
      const base = context.textBaseline === 'middle' ? ' dominant-baseline="central"' : '';
      parts.push(`<text x="${at(x)}" y="${at(y)}" ${inColour()} text-anchor="${ANCHORS[context.textAlign]}"${base} style="font: ${escaped(context.font)}">${escaped(text)}</text>`);
    },
    /** The whole picture, when all that was saved is restored. */
    toString() {
      const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
      return `${head}<defs>${clips.join('')}</defs>${parts.join('')}</svg>`;
    },
  };
  return context;
}

/** With two decimals at most. */
const at = (value) => Number(value.toFixed(2));

function escaped(text) {
  const names = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return String(text).replace(/[&<>"]/g, (sign) => names[sign]);
}
