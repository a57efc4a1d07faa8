/** Rules for the page's modules and their tests. */

import js from '@eslint/js';
import globals from 'globals';

const rules = {
  'array-callback-return': 'error',
  complexity: ['error', 15],
  eqeqeq: 'error',
  'max-depth': ['error', 4],
  'max-lines': ['error', 300],
  'max-lines-per-function': ['error', { max: 60 }],
  'no-shadow': ['error', { builtinGlobals: false }],
  'no-unused-vars': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
};

/** Imports go down only: core, frame and charts, runs, pad and control, views, drawer, present and print, main.js and reader. A lazy import() is wiring and may go up. */
const LAYERS = [
  ['core', ['frame', 'charts', 'runs', 'pad', 'control', 'views', 'drawer', 'present', 'print', 'reader']],
  ['frame', ['charts', 'runs', 'pad', 'control', 'views', 'drawer', 'present', 'print', 'reader']],
  ['charts', ['frame', 'runs', 'pad', 'control', 'views', 'drawer', 'present', 'print', 'reader']],
  ['runs', ['frame', 'pad', 'control', 'views', 'drawer', 'present', 'print', 'reader']],
  ['pad', ['runs', 'control', 'views', 'drawer', 'present', 'print', 'reader']],
  ['control', ['runs', 'pad', 'views', 'drawer', 'present', 'print', 'reader']],
  ['views', ['drawer', 'present', 'print', 'reader']],
  ['drawer', ['present', 'print', 'reader']],
].map(([folder, above]) => ({
  files: [`web/${folder}/**/*.js`],
  rules: { 'no-restricted-imports': ['error', { patterns: above.map((name) => `../${name}/*`) }] },
}));

/** Modules that touch the browser themselves; to all others `document`, `fetch` and the like are undefined names. */
const BROWSER = [
  'web/main.js',
  'web/core/{address,api,background,dom,head-start,poller,reader,redraw,theme,token,visibility}.js',
  'web/frame/*.js',
  'web/charts/{chart,full-resolution,saving}.js',
  'web/pad/{image-input,loader,saved-drawings}.js',
  'web/control/{actions-menu,bar,control,field,form,manage,new-run,requests,strip}.js',
  'web/drawer/{background,drawer,evidence,subject,worker}.js',
  'web/runs/{list,sidebar}.js',
  'web/views/{happening,header}.js',
  'web/present/{full-screen,present,stage}.js',
  'web/print/{print,report,share}.js',
  'web/reader/reader.js',
];

export default [
  { ignores: ['.venv/', 'build/', 'results/', 'tests/fixtures/'] },
  js.configs.recommended,
  { rules, linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { files: BROWSER, languageOptions: { globals: globals.browser } },
  { files: ['digits/sharing/boot.js'], languageOptions: { sourceType: 'script', globals: globals.browser } },
  { files: ['web/**/*.js'], languageOptions: { globals: { URL: false, URLSearchParams: false, reportError: false } } },
  { files: ['tests/web/**/*.js'], languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  ...LAYERS,
];
