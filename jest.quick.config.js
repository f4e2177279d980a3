import base from './jest.config.js';

/** All but the slow specs: `npm test`. */
export default {
  ...base,
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, '\\.slow\\.spec\\.ts$'],
};
