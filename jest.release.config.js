/** `npm run test:release`. */
export { atRelease as default } from './test/support/slow-runs.js';
