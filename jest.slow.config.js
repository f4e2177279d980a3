import base from './jest.config.js';

/** The campaigns, matrices and installations: `npm run test:slow`. */
export default {
  ...base,
  testRegex: '\\.slow\\.spec\\.ts$',
  testSequencer: '<rootDir>/test/support/longest-first.js',
  // They wait much: for packages, for engines and for time to pass.
  maxWorkers: 4,
};
