import { readFileSync } from 'node:fs';
import { keepFoldersTogether } from './test/support/run-folder.js';

/** Each export path of the package, and the source of its entry. */
const { exports: entries } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const entryMapper = Object.fromEntries(
  Object.entries(entries).map(([path, { types }]) => [
    `^coatcheck${path.slice(1)}$`,
    types.replace('./dist/lib', '<rootDir>/src').replace('.d.ts', '.ts'),
  ]),
);

keepFoldersTogether();

/** ES modules through SWC; decorators keep their type metadata because the injector reads it. */
export default {
  testEnvironment: '<rootDir>/test/support/limited-environment.js',
  // For suites that hang whatever the limits of their tests: the longest takes a minute, on a slow machine four.
  testEnvironmentOptions: { minutes: 10 },
  // For tests that hang, also on a slow machine: most end within a second.
  testTimeout: 120_000,
  // On two cores: they wait a third of their time.
  maxWorkers: 3,
  // A worker keeps the modules of all suites that it has run; a new one is faster than collecting that garbage.
  workerIdleMemoryLimit: '1GB',
  globalTeardown: '<rootDir>/test/support/run-folder.js',
  extensionsToTreatAsEsm: ['.ts'],
  testRegex: '\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: [
    '<rootDir>/dist/package/',
    '<rootDir>/docs/',
    '<rootDir>/examples/',
    '<rootDir>/proof/bench/',
    '<rootDir>/proof/mutation/',
    '<rootDir>/test/clients/',
    '<rootDir>/test/consumer/graphql/',
    '<rootDir>/test/consumer/host/',
    '<rootDir>/test/consumer/matrix/',
    '<rootDir>/test/consumer/microservices/',
    '<rootDir>/test/consumer/sockets/',
    '<rootDir>/test/consumer/typeorm/',
    '<rootDir>/test/mongo-server/',
  ],
  moduleNameMapper: {
    ...entryMapper,
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
