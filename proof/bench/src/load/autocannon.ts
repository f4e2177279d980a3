import { AUTOCANNON } from '../paths.js';
import { CONNECTIONS, type Count, type Generator } from './generator.js';

/** autocannon in a process of its own. */
export const autocannon: Generator = {
  name: 'autocannon',
  command: ({ url, credentials }, seconds) => [
    process.execPath,
    AUTOCANNON,
    url,
    credentials,
    `${seconds}`,
    `${CONNECTIONS}`,
  ],
  read: (output) => JSON.parse(output) as Count,
};
