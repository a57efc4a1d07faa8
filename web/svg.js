/** Stands in for a canvas context and writes SVG: what is painted on the page can be saved as lines and letters. */

const NUMBER = 2; // decimals
const ANCHORS = { left: 'start', center: 'middle', right: 'end' };

export function svgContext(width, height, background) {
  const parts = [`<rect width="${width}" height="${height}" fill="${escaped(background)}"/>`];
  const clips = [];
  let path = '';
  let dashes = [];
  let open = 0; // groups, one for each clip
  const saved = [];

  const shape = (attributes) => parts.push(`<path d="${path.trim()}" ${attributes} opacity="${context.globalAlpha}"/>`);
  const context = {
    fillStyle: '#000', strokeStyle: '#000', globalAlpha: 1, lineWidth: 1, lineJoin: 'miter',
    font: '12px sans-serif', textAlign: 'left', textBaseline: 'alphabetic',
    setTransform() {},
    save() { saved.push(open); },
    restore() {
      for (const before = saved.pop() ?? 0; open > before; open -= 1) parts.push('</g>');
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
      open += 1;
    },
    setLineDash(pattern) { dashes = pattern; },
    fill() { if (path) shape(`fill="${escaped(context.fillStyle)}"`); },
    stroke() {
      if (!path) return;
      const dash = dashes.length ? ` stroke-dasharray="${dashes.join(' ')}"` : '';
      shape(`fill="none" stroke="${escaped(context.strokeStyle)}" stroke-width="${context.lineWidth}" stroke-linejoin="${context.lineJoin}"${dash}`);
    },
    fillRect(x, y, w, h) {
      parts.push(`<rect x="${at(x)}" y="${at(y)}" width="${at(w)}" height="${at(h)}" fill="${escaped(context.fillStyle)}" opacity="${context.globalAlpha}"/>`);
    },
    fillText(text, x, y) {
      const base = context.textBaseline === 'middle' ? ' dominant-baseline="central"' : '';
      const style = `font: ${context.font}`;
      parts.push(`<text x="${at(x)}" y="${at(y)}" fill="${escaped(context.fillStyle)}" text-anchor="${ANCHORS[context.textAlign] ?? 'start'}"${base} style="${escaped(style)}">${escaped(text)}</text>`);
    },
    /** The whole picture. */
    toString() {
      const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
      return `${head}<defs>${clips.join('')}</defs>${parts.join('')}${'</g>'.repeat(open)}</svg>`;
    },
  };
  return context;
}

const at = (value) => String(Number(value.toFixed(NUMBER)));

function escaped(text) {
  const names = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return String(text).replace(/[&<>"]/g, (sign) => names[sign]);
}
