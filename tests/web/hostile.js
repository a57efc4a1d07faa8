/** Values that a hostile, broken or foreign trainer might write: wrong types, and a hundred strings. */

const MARKUP = [
  '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '"><svg onload=alert(1)>', "'-alert(1)-'", '</title><b>',
  '<!--', ']]>', 'javascript:alert(1)', '{{7*7}}', '${7*7}', '<style>*{display:none}</style>', '&lt;b&gt;',
  '<a href="//elsewhere">x</a>',
];
const NAMES = [
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN', 'Infinity', '-0', '1e400', 'true', '',
];
const PATHS = [
  '../../etc/passwd', '..\\..\\x', '/', '//elsewhere/x', 'C:\\', 'runs/../..', '%2e%2e%2f', 'a/b?c#d', '.', '..', 'file:///x',
];
const LETTERS = [
  '\u202etxet', '\u0000', '\u0007\u001b[31m', '\ud800', '\udfff', '\ufeff', '\u200b', '\u2028', '\u2029', 'ﷺ', 'Z̷͚̄a̵l̶g̷o̷',
  'مرحبا', '한국어', 'ı', 'ß', '👩‍👩‍👧‍👦',
];
const DATES = [
  '2026-13-45', '0000-00-00T00:00:00Z', '+275760-09-13', '1970', 'now', '2026-11-20T12:00:00+99:99', '99999999999999',
];
const LONG = [1, 2, 3, 4, 5].map((power) => 'W'.repeat(10 ** power));
const SPACED = Array.from({ length: 40 }, (_, code) => `${String.fromCharCode(code)}x${' '.repeat(code)}\n\t`);
const NESTED = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
const STRINGS = [...MARKUP, ...NAMES, ...PATHS, ...LETTERS, ...DATES, ...LONG, ...SPACED];
const OTHERS = [
  null, true, false, 0, -1, 1.5, 1e308, -1e308, Number.MAX_SAFE_INTEGER, [], [[]], [null], {}, { length: -1 },
  { length: 5 }, { toString: 1 }, JSON.parse('{"__proto__": {"a": 1}}'), NESTED, [1, 2, 3], ['a', 'b'], [{}, {}],
];

export const HOSTILE = [...STRINGS, ...OTHERS];
