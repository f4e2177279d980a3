import { WRK_SCRIPT } from '../paths.js';
import { CONNECTIONS, type Count, type Generator } from './generator.js';

/** wrk on one thread; the script rotates the credentials and prints what it counted as JSON. */
export const wrk: Generator = {
  name: 'wrk',
  command: ({ url, credentials }, seconds) => [
    'wrk',
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '--timeout=60s',
    `--script=${WRK_SCRIPT}`,
    url,
    '--',
    credentials,
  ],
  read: (output) => JSON.parse(output.trim().split('\n').at(-1) ?? '') as Count,
};
