import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Refusal, newFolder, refusal } from './support/server.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** Part of every secret, and of whatever may be one in the wrong place. */
const SECRET = 's3cr3t-M4rk';
const KEY = SECRET.repeat(4);

/** Milliseconds in which a start has to give up: three seconds, and room for others that share the cores of a test run. */
const PATIENCE = 3000 * 5;

/** How many are tried at a time. */
const LANES = 2;

const folder = newFolder();
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
mkdirSync(join(folder, 'folder'));

const SECRETS: Variables = { SETUP_CODE: KEY, PASSWORD_PEPPER: KEY };
const PRODUCTION: Variables = {
  NODE_ENV: 'production',
  MFA: 'off',
  API_HOST: '127.0.0.1',
  PASSWORD_HASH_COST: '10',
};
const withSecret = (scheme: string, rest: string) => `${scheme}://ann:${SECRET}${rest}`;

/** What is wrong, and the name that the reason has to have in it. */
const ROWS: readonly (readonly [name: string, variables: Variables])[] = [
  ['AUTH_TYPE', { AUTH_TYPE: SECRET }],
  ['AUTH_TYPE', { AUTH_TYPE: 'session_auth,session_db_auth' }],
  ['AUTH_TYPE', { AUTH_TYPE: 'auth' }],
  ['AUTH_TYPE', { AUTH_TYPE: 'session_auth,token_auth,session_db_auth' }],
  ['AUTH_TYPE', { AUTH_TYPE: 'token_auth', AUTH_COMPAT: 'alx' }],
  ['AUTH_SECRET', { AUTH_SECRET: SECRET }],
  ['SESSION_SECRET', { SESSION_SECRET: SECRET }],
  ['PASSWORD_PEPER', { PASSWORD_PEPER: KEY }],
  ['DATABASE_URL', { DATABASE_ULR: withSecret('postgres', '@127.0.0.1/coats') }],
  ['AUTH_TYPE', { COATCHECK_AUTH_TYPE: SECRET }],
  ['TRUSTED_ORIGIN', { TRUSTED_ORIGIN: 'https://app.example.com' }],
  ['AUTH_COMPAT', { AUTH_COMPAT: SECRET }],
  ['REGISTRATION', { AUTH_COMPAT: 'alx', REGISTRATION: 'open' }],
  ['SESSION_NAME', { SESSION_NAME: `${SECRET} sid` }],
  ['SESSION_NAME', { SESSION_NAME: '__Host-sid' }],
  ['SESSION_NAME', { SESSION_NAME: '__http-sid' }],
  ['SESSION_NAME', { SESSION_NAME: 'x'.repeat(4096) }],
  ['SESSION_DURATION', { SESSION_DURATION: '0' }],
  ['SESSION_DURATION', { SESSION_DURATION: '1e9' }],
  ['SESSION_IDLE_TIMEOUT', { SESSION_IDLE_TIMEOUT: '13h' }],
  ['SESSION_REMEMBER_DURATION', { SESSION_REMEMBER_DURATION: SECRET }],
  ['SESSION_REMEMBER_DURATION', { SESSION_REMEMBER_DURATION: '401d' }],
  ['SESSION_REMEMBER_IDLE_TIMEOUT', { SESSION_REMEMBER_IDLE_TIMEOUT: '31d' }],
  ['SESSION_LIMIT_POLICY', { SESSION_LIMIT_POLICY: 'refuse' }],
  ['SESSION_MAX_PER_USER', { SESSION_MAX_PER_USER: ' ' }],
  ['ACCESS_TOKENS_MAX', { ACCESS_TOKENS_MAX: '0' }],
  ['ACCESS_TOKENS_MAX', { ACCESS_TOKENS_MAX: '10001' }],
  ['API_HOST', { API_HOST: 'nowhere.invalid' }],
  ['API_HOST', { API_HOST: '203.0.113.77' }],
  ['API_PORT', { API_PORT: '-1' }],
  ['API_PORT', { API_PORT: '0x50' }],
  ['API_PREFIX', { API_PREFIX: '/api/../v1' }],
  ['MAX_CONNECTIONS', { MAX_CONNECTIONS: '0' }],
  ['KEEP_ALIVE_TIMEOUT', { KEEP_ALIVE_TIMEOUT: 'never' }],
  ['DATABASE_URL', { DATABASE_URL: withSecret('mysql', '@127.0.0.1/coats') }],
  ['DATABASE_URL', { DATABASE_URL: withSecret('postgres', '/@127.0.0.1/coats') }],
  ['DATABASE_URL', { DATABASE_URL: withSecret('postgres', '@127.0.0.1:99999/coats') }],
  ['DATABASE_URL', { DATABASE_URL: withSecret('postgres', '@127.0.0.1:1/coats') }],
  ['DATABASE_URL', { DATABASE_URL: withSecret('postgres', '@nowhere.invalid/coats') }],
  ['DATABASE_URL', { DATABASE_URL: withSecret('postgres', '@127.0.0.1:1/coats'), WORKERS: '2' }],
  ['DATABASE_URL', { ...PRODUCTION, DATABASE_URL: 'postgres://postgres:postgres@127.0.0.1:1/coats' }],
  ['DATABASE_URL', { DATABASE_URL: `sqlite:${file('no-database', SECRET.repeat(500))}` }],
  ['DATABASE_URL', { DATABASE_URL: `sqlite:${join(folder, 'folder')}` }],
  ['DATABASE_URL', { DATABASE_URL: 'sqlite:/proc/coats.db' }],
  ['DATABASE_URL', { DATABASE_URL_FILE: file('url', withSecret('mysql', '@127.0.0.1/coats')) }],
  ['SESSION_STORE_URL', { SESSION_STORE_URL: 'memory:' }],
  ['SESSION_STORE_URL', { AUTH_TYPE: 'token_auth', DATABASE_URL: 'memory:' }],
  ['SESSION_STORE_URL', { SESSION_STORE_URL: withSecret('redis', '@127.0.0.1:1') }],
  ['SESSION_STORE_URL', { SESSION_STORE_URL: withSecret('redis', '@nowhere.invalid') }],
  ['SESSION_STORE_URL', { SESSION_STORE_URL: withSecret('redis', '@127.0.0.1:6379/coats') }],
  ['SESSION_STORE_URL', { SESSION_STORE_URL: withSecret('redis', '%zz@127.0.0.1:1') }],
  ['SESSION_STORE_URL', { SESSION_STORE_URL: withSecret('redis-cluster', '') }],
  ['SESSION_STORE_URL', { SESSION_STORE_URL: withSecret('redis-cluster', '@127.0.0.1:1') }],
  ['SESSION_STORE_URL', { ...PRODUCTION, SESSION_STORE_URL: 'redis://:foobared@127.0.0.1:1' }],
  ['STORE_TIMEOUT', { STORE_TIMEOUT: '30d' }],
  ['SETUP_CODE', { SETUP_CODE: SECRET }],
  ['SETUP_CODE_FILE', { SETUP_CODE: undefined, SETUP_CODE_FILE: file('empty', '') }],
  ['PASSWORD_PEPPER', { PASSWORD_PEPPER: SECRET }],
  ['PASSWORD_PEPPER', { PASSWORD_PEPPER_FILE: file('pepper', KEY) }],
  ['PASSWORD_PEPPER_FILE', { PASSWORD_PEPPER: undefined, PASSWORD_PEPPER_FILE: join(folder, SECRET) }],
  ['PASSWORD_PEPPER_FILE', { PASSWORD_PEPPER: undefined, PASSWORD_PEPPER_FILE: join(folder, 'folder') }],
  ['PASSWORD_PEPPER_FILE', { PASSWORD_PEPPER: undefined, PASSWORD_PEPPER_FILE: '/dev/zero' }],
  ['PASSWORD_PEPPER', { PASSWORD_PEPPER: '' }],
  ['SETUP_CODE_FILE', { SETUP_CODE_FILE: ' ' }],
  ['API_PORT', { API_PORT: '' }],
  ['PASSWORD_HASH_COST', { ...PRODUCTION, PASSWORD_HASH_COST: '9' }],
  ['PASSWORD_MIN_LENGTH', { PASSWORD_MIN_LENGTH: '7' }],
  ['TRUST_PROXY', { TRUST_PROXY: 'all' }],
  ['TRUST_PROXY', { TRUST_PROXY: '99' }],
  ['TRUST_PROXY', { TRUST_PROXY: '0.0.0.0/0' }],
  ['TRUST_PROXY', { TRUST_PROXY: '0.0.0.0/1,128.0.0.0/1' }],
  ['TRUST_PROXY', { TRUST_PROXY: '::/1,8000::/1' }],
  ['TRUST_PROXY', { TRUST_PROXY: '::ffff:0.0.0.0/97,::ffff:128.0.0.0/97' }],
  ['TRUSTED_ORIGINS', { TRUSTED_ORIGINS: 'https://app.example.com/path' }],
  ['TRUSTED_ORIGINS', { TRUSTED_ORIGINS: '*' }],
  ['TRUSTED_ORIGINS', { TRUSTED_ORIGINS: 'null' }],
  ['TRUSTED_ORIGINS', { TRUSTED_ORIGINS: `https://ann:${SECRET}@app.example.com` }],
  ['LOG_LEVEL', { LOG_LEVEL: SECRET }],
  ['WORKERS', { WORKERS: '2', AUTH_TYPE: 'session_auth', DATABASE_URL: 'memory:' }],
  ['NODE_ENV', { NODE_ENV: 'prod' }],
];

describe('A server that is configured badly', () => {
  const refusals: Refusal[] = [];

  beforeAll(async () => {
    const queue = [...ROWS.entries()];
    const lane = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, [, variables]] = next;
        refusals[index] = await refusal(newFolder(), { ...SECRETS, ...variables });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  });

  it.each(ROWS.map(([name, variables], index) => [brief(variables), name, index] as const))(
    'does not start, soon says why and tells no secret: %s names %s',
    (_, name, index) => {
      const { code, output, ms } = refusals[index]!;
      expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(`\\b${name}\\b`) });
      expect(output).not.toContain(SECRET);
      expect(output).not.toMatch(/^\s+at /m);
      expect(ms).toBeLessThan(PATIENCE);
    },
  );
});

function brief(variables: Variables): string {
  const shown = JSON.stringify(variables).replaceAll(folder, '');
  return shown.length > 100 ? `${shown.slice(0, 100)}…` : shown;
}
