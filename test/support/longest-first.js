import Sequencer from '@jest/test-sequencer';

/** The suites that take longest, longest first. */
const LONGEST = [
  'examples',
  'sockets',
  'package',
  'rights-matrix.e2e',
  'graphql',
  'account-pages',
  'storage',
  'mail-canary',
  'both-adapters',
  'install',
  'host',
];

/** Starts the suites that take longest before the others, so that none of them is left to one worker at the end. */
export default class LongestFirst extends Sequencer {
  async sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of Jest
    return (await super.sort(tests)).toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ path }) {
  const rank = LONGEST.findIndex((name) => path.endsWith(`/${name}.slow.spec.ts`));
  return rank === -1 ? LONGEST.length : rank;
}
