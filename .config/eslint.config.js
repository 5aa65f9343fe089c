import { join } from 'node:path';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const root = join(import.meta.dirname, '..');

/** Where a process begins, and what only develops or measures: there the environment and the console are at home. */
const entryFiles = [
  'services/*/src/{main,migrate,create-admin,dead-letters,alertmanager-main,test-rules-main}.ts',
  'services/*/src/documents/write-openapi.ts',
  'packages/telemetry/src/register*.ts',
  'packages/test-kit/**',
  'infra/**',
  'bench/**',
  'e2e/**',
  'packages/sdk/examples/**',
  '**/test/**',
  '**/*.test.ts',
];
const tests = ['**/*.test.ts', '**/test/**/*.ts', 'e2e/**/*.ts', 'packages/test-kit/**/*.ts'];

const forbiddenSyntax = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'Name what you export: a default export is called something else at each import.',
  },
  { selector: 'ExportSpecifier[exported.name="default"]', message: 'Name what you export.' },
  { selector: 'ExportAllDeclaration', message: 'An index lists names, never `export *`.' },
];
const processExit = {
  selector: 'CallExpression[callee.object.name="process"][callee.property.name="exit"]',
  message: 'Return, and let the owners close what they opened; set process.exitCode to say how it went.',
};
const query = {
  selector: 'CallExpression[callee.property.name=/^(selectFrom|insertInto|updateTable|deleteFrom|mergeInto)$/]',
  message: 'SQL lives in `<noun>-store.ts`, one table family in each.',
};
const processEnvironment = {
  object: 'process',
  property: 'env',
  message: 'The environment is read once, in main.ts, and arrives as an argument.',
};
const moduleMocks = ['mock', 'unstable_mockModule', 'doMock'].map((property) => ({
  object: 'jest',
  property,
  message: 'Stand on the real thing; fakes only speak a wire protocol at the edge of the network.',
}));
const compiledImports = {
  regex: '^\\.{1,2}/.*\\.js$',
  message: 'Relative imports end in `.ts`.',
};
const processImports = {
  name: 'node:process',
  message: 'Use the global `process`: the rules about the environment and about exiting look for it.',
};

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.signalbox/**',
      '.turbo/**',
      'coverage/**',
      'packages/sdk/src/wire.ts',
    ],
  },
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: '.config/tsconfig.tests.json', tsconfigRootDir: root },
    },
    rules: {
      complexity: ['error', 20],
      'max-depth': ['error', 4],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-param-reassign': 'error',
      'prefer-const': 'error',
      'prefer-object-spread': 'error',
      'no-restricted-syntax': ['error', ...forbiddenSyntax],
      'no-restricted-properties': ['error', processEnvironment],
      'no-restricted-imports': ['error', { paths: [processImports], patterns: [compiledImports] }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { allowDefaultCaseForExhaustiveSwitch: false, considerDefaultExhaustiveForUnions: false },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['packages/*/src/**/*.ts', 'services/*/src/**/*.ts'],
    // Where a process ends: what does not let go within its grace is cut off there.
    ignores: ['packages/test-kit/**', 'packages/http/src/run-service.ts', '**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', ...forbiddenSyntax, processExit] },
  },
  {
    files: ['services/*/src/**/*.ts'],
    ignores: ['**/*-store.ts', '**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', ...forbiddenSyntax, processExit, query] },
  },
  {
    files: entryFiles,
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
  {
    // A list of names is as long as there are names.
    files: ['packages/*/src/index.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: tests,
    rules: {
      'max-lines': 'off',
      'no-restricted-properties': ['error', ...moduleMocks],
      // What came over the wire, and a matcher such as expect.any(), is `any` by its type; the expectation is the check.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // Tests use what is old on purpose, and stand-ins need not wait or know every case.
      '@typescript-eslint/no-deprecated': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      '@typescript-eslint/unbound-method': 'off',
      complexity: 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { sourceType: 'module' },
    rules: {
      complexity: ['error', 15],
      'max-depth': ['error', 4],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...forbiddenSyntax],
    },
  },
  {
    // Tools read their configuration from a default export.
    files: ['.config/*.js'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
