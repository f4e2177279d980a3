import base from '../../jest.config.js';

const { maxWorkers, testTimeout, workerIdleMemoryLimit, ...project } = base;

/**
 * The slow suites that `npm run test:slow` leaves to `npm run test:release`: campaigns, whole matrices, and installations of many
 * applications.
 */
const AT_RELEASE = [
  'browser/cross-site',
  'both-adapters',
  'canary',
  'clients',
  'code-guesses.e2e',
  'examples',
  'faults/.*',
  'fuzz',
  'graphql',
  'guess-limits.e2e',
  'handed-in.stores',
  'hash-queue.e2e',
  'idle-outbox',
  'mail-canary',
  'mail-templates',
  'microservices',
  'operator-mail',
  'outbox-crash',
  'package',
  'redis-.*',
  'sessions-move',
  'sockets',
  'storage',
  'typeorm',
];

/** Those of which `npm run test:slow` plays a part. */
const WHOLE_AT_RELEASE = ['rights-matrix.e2e'];

/** What the server promises on any adapter: these suites run on Express elsewhere. */
const ON_FASTIFY = [
  'challenges.e2e',
  'hosts.e2e',
  'late-body.e2e',
  'origins.e2e',
  'rights.e2e',
  'several-credentials.e2e',
  'strategies.e2e',
];
const ON_FASTIFY_AT_RELEASE = [
  'answers.e2e.slow',
  'bad-input',
  'bearer.e2e',
  'email-flows.e2e',
  'email-input.e2e',
  'openapi.e2e',
  'passkeys.e2e',
  'path-spellings.slow',
  'proxies.e2e.slow',
  'rights-matrix.e2e.slow',
  'second-factors.e2e',
];

const slow = (names) => `/(${names.join('|')})\\.slow\\.spec\\.ts$`;

/** `npm run test:slow`: one of each kind of what is slow. */
export const eachTime = run(
  {
    testRegex: slow(['[^/]+']),
    testPathIgnorePatterns: [...project.testPathIgnorePatterns, slow(AT_RELEASE)],
    setupFiles: ['<rootDir>/test/support/in-part.js'],
  },
  ON_FASTIFY,
);

/** `npm run test:release`: all other slow suites. */
export const atRelease = run(
  { testRegex: slow([...AT_RELEASE, ...WHOLE_AT_RELEASE]) },
  ON_FASTIFY_AT_RELEASE,
);

function run(suites, onFastify) {
  return {
    testSequencer: '<rootDir>/test/support/longest-first.js',
    maxWorkers,
    testTimeout,
    workerIdleMemoryLimit,
    projects: [
      { ...project, displayName: 'slow', ...suites },
      {
        ...project,
        displayName: 'Fastify',
        testRegex: `/test/(${onFastify.join('|')})\\.spec\\.ts$`,
        setupFiles: ['<rootDir>/test/support/on-fastify.js'],
      },
    ],
  };
}
