/** Start of a report: unpacks the files that it contains, answers the page's requests with them, and runs the page. */

'use strict';

(async () => {
  const element = document.getElementById('embedded');
  const TYPES = { css: 'text/css', csv: 'text/csv', js: 'text/javascript', json: 'application/json', png: 'image/png' };

  const unpacked = async (text) => {
    const bytes = new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
    return new Response(bytes.stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
  };
  const packed = JSON.parse(element.textContent);
  const entries = Object.entries(packed).map(async ([path, text]) => {
    const type = TYPES[path.split('.').at(-1)] ?? 'application/octet-stream';
    return [path, new Blob([await unpacked(text[0] === '=' ? packed[text.slice(1)] : text)], { type })];
  });
  const files = new Map(await Promise.all(entries));
  element.remove();

  /** Nothing is read from a server: an address of the page is a name of a file here. */
  globalThis.fetch = async (url, { method = 'GET', headers = {} } = {}) => {
    const file = files.get(new URL(url).pathname.slice(1));
    if (!file) return new Response('', { status: 404 });
    const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(headers).get('Range') ?? '');
    const part = range ? file.slice(Number(range[1]), Number(range[2]) + 1, file.type) : file;
    const sent = { 'Content-Type': file.type, 'Content-Length': String(part.size) };
    return new Response(method === 'HEAD' ? null : part, { status: range ? 206 : 200, headers: sent });
  };

  const urls = new Map();
  /** The URL of a style sheet or worker beside the module at `path`. */
  globalThis.$asset = (name, path) => {
    const file = new URL(name, `report:/${path}`).pathname.slice(1);
    if (!urls.has(file)) urls.set(file, URL.createObjectURL(files.get(file)));
    return urls.get(file);
  };

  if (!location.hash && element.dataset.view) history.replaceState(null, '', element.dataset.view);
  const script = document.createElement('script');
  script.textContent = await files.get('page.js').text();
  document.body.append(script);
})();
