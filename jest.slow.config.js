/** `npm run test:slow`. */
export { eachTime as default } from './test/support/slow-runs.js';
