import base from './jest.config.js';

/** The campaigns, matrices and installations: `npm run test:slow`. */
export default { ...base, testRegex: '\\.slow\\.spec\\.ts$' };
