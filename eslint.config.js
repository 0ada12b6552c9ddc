import js from '@eslint/js';
import globals from 'globals';

/** Rules beyond the recommended ones, each of which finds mistakes rather than matters of taste. */
const rules = {
  'array-callback-return': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-constructor-return': 'error',
  'no-self-compare': 'error',
  'no-template-curly-in-string': 'error',
  'no-throw-literal': 'error',
  'no-unmodified-loop-condition': 'error',
  'no-unreachable-loop': 'error',
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
  'no-var': 'error',
  'prefer-const': 'error',
  'prefer-promise-reject-errors': 'error',
};

export default [
  { ignores: ['www/pkg/', 'target/', '**/node_modules/', '**/venv/', '**/*.d.ts'] },
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' }, rules },
  { files: ['www/glossa/*.js', 'www/glossa/element/*.js', 'www/page/**/*.js'], languageOptions: { globals: globals.browser } },
  { files: ['www/glossa/worker/*.js'], languageOptions: { globals: globals.worker } },
  { files: ['www/service-worker.js', 'www/service-worker/*.js'], languageOptions: { globals: globals.serviceworker } },
  // Functions in the tests and benchmarks also run in pages.
  {
    files: ['tests/**', 'bench/**', 'crates/**', 'scripts/**', 'examples/**', 'npm/**'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  { files: ['examples/next/**'], languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } }, rules: { 'no-unused-vars': 'off' } },
];
