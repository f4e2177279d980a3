import base from './jest.config.js';

const { maxWorkers: _, testTimeout, workerIdleMemoryLimit, ...project } = base;

/** What the server promises on any adapter: these suites run on Express elsewhere. */
const ON_FASTIFY = [
  'answers.e2e.slow',
  'bad-input',
  'bearer.e2e',
  'challenges.e2e',
  'email-flows.e2e',
  'email-input.e2e',
  'hosts.e2e',
  'late-body.e2e',
  'openapi.e2e',
  'origins.e2e',
  'passkeys.e2e',
  'path-spellings.slow',
  'proxies.e2e.slow',
  'rights-matrix.e2e.slow',
  'rights.e2e',
  'second-factors.e2e',
  'several-credentials.e2e',
  'strategies.e2e',
].join('|');

/** The campaigns, matrices and installations, and suites of the server on Fastify: `npm run test:slow`. */
export default {
  testSequencer: '<rootDir>/test/support/longest-first.js',
  // They wait much: for packages, for engines and for time to pass.
  maxWorkers: 3,
  testTimeout,
  workerIdleMemoryLimit,
  projects: [
    { ...project, displayName: 'slow', testRegex: '\\.slow\\.spec\\.ts$' },
    {
      ...project,
      displayName: 'Fastify',
      testRegex: `/test/(${ON_FASTIFY})\\.spec\\.ts$`,
      setupFiles: ['<rootDir>/test/support/on-fastify.js'],
    },
  ],
};
