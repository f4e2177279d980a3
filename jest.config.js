import { keepFoldersInMemory } from './test/support/memory-folder.js';

keepFoldersInMemory();

/** ES modules through SWC; decorators keep their type metadata because the injector reads it. */
export default {
  testEnvironment: 'node',
  testTimeout: 30_000,
  maxWorkers: 2,
  globalTeardown: '<rootDir>/test/support/memory-folder.js',
  extensionsToTreatAsEsm: ['.ts'],
  testRegex: '\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/slow/'],
  modulePathIgnorePatterns: [
    '<rootDir>/proof/bench/',
    '<rootDir>/proof/mutation/',
    '<rootDir>/test/clients/',
    '<rootDir>/test/consumer/host/',
  ],
  moduleNameMapper: {
    '^coatcheck$': '<rootDir>/src/index.ts',
    '^coatcheck/testing$': '<rootDir>/src/testing/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
};
