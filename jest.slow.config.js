import base from './jest.config.js';

/** What takes minutes: `npm run test:slow`. */
export default {
  ...base,
  testTimeout: 300_000,
  testRegex: 'test/slow/.*\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
};
