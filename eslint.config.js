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

export default [
  { ignores: ['.venv/', 'build/', 'results/', 'tests/fixtures/'] },
  js.configs.recommended,
  { rules },
  { files: ['web/**/*.js'], languageOptions: { globals: globals.browser } },
  { files: ['tests/web/**/*.js'], languageOptions: { globals: { ...globals.browser, ...globals.node } } },
];
