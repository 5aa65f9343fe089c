/** One jest for the whole mesh: ESM, real services, sources resolved through the `@signalbox/source` condition. */
export default {
  rootDir: '..',
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.signalbox/'],
  modulePathIgnorePatterns: ['/dist/', '/.signalbox/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@signalbox/source', 'node', 'node-addons'] },
  coverageProvider: 'v8',
  workerIdleMemoryLimit: '700MB',
  // Much of what the tests do is waiting for processes to start.
  maxWorkers: 3,
  testTimeout: 60_000,
};
