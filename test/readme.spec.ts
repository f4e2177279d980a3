import { readFileSync, readdirSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { describeConfig, loadConfig } from '../src/server/config/load-config.js';

const readme = readFileSync('README.md', 'utf8');
const configuration = section('docs/configuration.md', 'Variables');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly packages: Readonly<Record<string, { dev?: true; devOptional?: true; optional?: true }>>;
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Manifest;

/** The text from a heading to the next one of the same level. */
function section(file: string, heading: string): string {
  const [, ...sections] = readFileSync(file, 'utf8').split(/^## /m);
  return sections.find((text) => text.startsWith(`${heading}\n`)) ?? '';
}

describe('The README', () => {
  it('has at most 12 kB', () => {
    expect(statSync('README.md').size).toBeLessThanOrEqual(12_000);
  });

  it('names the commands that install, start and test', () => {
    const [test = ''] = /^npm ci .+$/m.exec(readFileSync('.ci/run', 'utf8')) ?? [];
    expect(readme).toContain('\n$ npm ci && npm start\n');
    expect(readme).toContain(`\n$ ${test} `);
  });

  it('names every page', () => {
    const pages = readdirSync('docs').filter((file) => file.endsWith('.md'));
    expect(pages.filter((page) => !readme.includes(`(docs/${page})`))).toEqual([]);
  });
});

describe('The page on configuration', () => {
  it.each(describeConfig({}))('has $name with its default', ({ name, value }) => {
    const [, shown] = new RegExp(`^\\| \`${name}\` +\\| (\\S+)`, 'm').exec(configuration) ?? [];
    expect(shown?.replaceAll('`', '')).toBe(value === '(none)' ? 'none' : value);
  });

  it('has no unknown variable', () => {
    const rows = [...configuration.matchAll(/^\| `([A-Z_]+)` /gm)].map((match) => match[1]);
    expect(rows).toEqual(describeConfig({}).map(({ name }) => name));
  });
});

describe('The options in code on the page on configuration', () => {
  const table = section('docs/configuration.md', 'Options in code');
  const rows = [...table.matchAll(/^\| `([A-Z_]+)` +\| (.+?) *\|$/gm)].map(([, name = '', text = '']) => ({
    name,
    options: [...text.matchAll(/`(?!createApp`)([a-z][\w.]*)`(?! of `createApp`)/g)].map(
      ([, path = '']) => path,
    ),
    ofServer: [...text.matchAll(/`(\w+)` of `createApp`/g)].map(([, path = '']) => path),
  }));
  /** Another value than the default of each variable that has an option. */
  const OTHER = {
    NODE_ENV: 'production',
    MFA: 'required',
    MFA_METHODS: 'totp',
    MFA_BASIC: 'on',
    FACTOR_KEY: 'one-more-key-of-factors-with-32-characters',
    FACTOR_KEY_PREVIOUS: 'another-key-of-factors-with-32-characters',
    PASSKEY_RP_ID: 'example.com',
    PASSKEY_ORIGINS: 'https://app.example.com',
    SERVICE_NAME: 'Example',
    AUTH_TYPE: 'token_auth',
    SESSION_NAME: 'app',
    SESSION_DURATION: '11h',
    SESSION_IDLE_TIMEOUT: '29m',
    SESSION_REMEMBER_DURATION: '29d',
    SESSION_REMEMBER_IDLE_TIMEOUT: '13d',
    CLEAR_SITE_DATA: 'storage',
    SESSION_MAX_PER_USER: '6',
    SESSION_LIMIT_POLICY: 'refuse',
    ACCESS_TOKENS_MAX: '9',
    SESSION_SWEEP_INTERVAL: '9m',
    API_PREFIX: '/v2',
    API_DOCS: 'off',
    PAGES: 'off',
    MAX_CONNECTIONS: '9',
    KEEP_ALIVE_TIMEOUT: '9s',
    DATABASE_URL: 'sqlite:other.db',
    SESSION_STORE_URL: 'sqlite:other.db',
    TABLE_PREFIX: 'login_',
    DATABASE_SCHEMA: 'auth',
    STORE_TIMEOUT: '400ms',
    AUDIT_RETENTION: '9d',
    REGISTRATION: 'closed',
    SETUP_CODE: 'a code of sixteen letters',
    TRUST_PROXY: '1',
    TRUSTED_ORIGINS: 'https://app.example.com',
    ALLOWED_HOSTS: 'app.example.com',
    AUTH_THROTTLE: 'off',
    AUTH_FAILURES_PER_NETWORK: '9',
    AUTH_FAILURES_PER_SERVER: '9',
    PASSWORD_HASH: 'argon2id',
    PASSWORD_HASH_COST: '11',
    PASSWORD_MIN_LENGTH: '16',
    PASSWORD_CONTEXT_WORDS: 'acme',
    PASSWORD_BREACH_URL: 'https://breaches.example/range',
    PASSWORD_PEPPER: 'x'.repeat(32),
    PASSWORD_PEPPER_PREVIOUS: 'y'.repeat(32),
  };

  it('have every variable', () => {
    expect(rows.map(({ name }) => name)).toEqual(describeConfig({}).map(({ name }) => name));
  });

  it.each(Object.entries(OTHER))('are what %s=%s changes', (name, value) => {
    const { options = [], ofServer = [] } = rows.find((row) => row.name === name) ?? {};
    const base = {
      SESSION_MAX_PER_USER: '5',
      DATABASE_URL: 'postgres://127.0.0.1/app',
      FACTOR_KEY: 'a-key-of-factors-with-32-characters',
      PASSKEY_ORIGINS: 'https://www.example.com',
    };
    const [before, after] = [loadConfig(base), loadConfig({ ...base, [name]: value })].map(
      ({ auth, http, ...parts }) => ({ ofModule: { ...parts, ...auth }, http }),
    );
    const pathsOf = (prefix: string, paths: readonly string[]) => paths.map((path) => `${prefix}.${path}`);
    const paths = [...pathsOf('ofModule', options), ...pathsOf('http', ofServer)];
    expect(paths).not.toEqual([]);
    expect(paths.filter((path) => isDeepStrictEqual(at(before, path), at(after, path)))).toEqual([]);
  });
});

/** The value at a path such as `cookie.name`. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => Object(part)[name], value);
}

describe('The page on deployment', () => {
  it('has every production package, and how many are installed in all', () => {
    const packages = section('docs/deployment.md', 'Production packages');
    const rows = [...packages.matchAll(/^\| `(.+?)` /gm)].map((match) => match[1]);
    expect(rows).toEqual(Object.keys(read('package.json').dependencies));
    const { '': _, ...locked } = read('package-lock.json').packages;
    const installed = Object.values(locked).filter((one) => !(one.dev || one.devOptional || one.optional));
    expect(packages).toContain(`\n${installed.length} packages`);
  });
});
