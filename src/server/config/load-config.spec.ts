import { mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from './config.js';
import { NAMES, SECRETS } from './environment.js';
import { describeConfig, loadConfig } from './load-config.js';

type Variables = Readonly<Record<string, string>>;

const HOUR = 3_600_000;
const PEPPER = 'a-pepper-of-more-than-32-characters';

const SENDER = { MAIL_FROM: 'Example <no-reply@example.com>', PUBLIC_URL: 'https://app.example.com' };
const MAILS = { MAIL_URL: 'smtp://ann:hunter2@mail.example.com:587', ...SENDER };

/** The lines of the ConfigError of the variables; empty if they are valid. */
function problemsOf(variables: Variables): string[] {
  try {
    loadConfig(variables);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

describe('The configuration', () => {
  it('has a default for every variable', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      compat: 'standard',
      host: '127.0.0.1',
      port: 5000,
      auth: {
        type: ['session_db_auth'],
        lifetime: { idle: HOUR / 2, absolute: 12 * HOUR },
        remembered: { idle: 14 * 24 * HOUR, absolute: 30 * 24 * HOUR },
        cookie: { name: 'sid', secure: false },
      },
      users: {
        registration: 'first',
        setupCode: null,
        passwordMinLength: 15,
        passwordBlocklist: true,
        passwordBreachUrl: null,
        passwordHash: 'bcrypt',
        passwordCost: 12,
        passwordPepper: null,
        passwordPreviousPeppers: [],
        throttle: { enabled: true, failuresPerNetwork: 50, failuresPerServer: 1000 },
      },
      sessions: { limit: null, sweepInterval: 600_000 },
      storage: { database: 'sqlite:coatcheck.db', sessions: 'sqlite:coatcheck.db', timeout: 500 },
      audit: { retention: 90 * 24 * HOUR },
      http: {
        prefix: '/api/v1',
        trustProxy: 0,
        trustedOrigins: [],
        maxConnections: 10_000,
        keepAliveTimeout: 75_000,
        https: false,
        docs: true,
      },
    });
  });

  it('is stricter in production', () => {
    expect(loadConfig({ NODE_ENV: 'production', MFA: 'off' })).toMatchObject({
      host: '0.0.0.0',
      auth: { cookie: { name: '__Host-sid', secure: true } },
      users: { setupCode: expect.stringMatching(/^[\w-]{24}$/) },
      http: { https: true, docs: false },
    });
  });

  it('stores sessions in memory if the strategy needs no durable store', () => {
    expect(loadConfig({ AUTH_TYPE: 'session_exp_auth' }).storage.sessions).toBe('memory:');
    expect(
      loadConfig({ AUTH_TYPE: 'session_exp_auth', SESSION_STORE_URL: 'sqlite:s.db' }).storage.sessions,
    ).toBe('sqlite:s.db');
  });

  it.each<Variables>([
    { DATABASE_URL: 'postgres://ann@db.example.com/coats' },
    { DATABASE_URL: 'postgresql://ann@db.example.com/coats' },
    { SESSION_STORE_URL: 'redis://cache.example.com' },
    { SESSION_STORE_URL: 'rediss://ann:secret@cache.example.com:6380/1?prefix=coats' },
    { SESSION_STORE_URL: 'redis-cluster://one.example.com:6379,two.example.com:6379' },
  ])('accepts the storage %j', (variables) => {
    expect(problemsOf(variables)).toEqual([]);
  });

  it.each(['session_db_auth,token_auth', 'token_auth,session_db_auth,basic_auth', 'token_auth'])(
    'stores the sessions of %s in the database of the users',
    (type) => {
      const { auth, storage } = loadConfig({ AUTH_TYPE: type });
      expect(auth.type).toEqual(type.split(','));
      expect(storage.sessions).toBe('sqlite:coatcheck.db');
    },
  );

  it('limits remembered sessions to the longest lifetime of a cookie', () => {
    const variables = { SESSION_REMEMBER_DURATION: '400d', SESSION_REMEMBER_IDLE_TIMEOUT: '400d' };
    const most = 400 * 24 * HOUR;
    expect(loadConfig(variables).auth.remembered).toEqual({ idle: most, absolute: most });
    expect(loadConfig({ SESSION_REMEMBER_DURATION: '1h' }).auth.remembered).toMatchObject({ absolute: HOUR });
  });

  it.each([
    ['90', 90_000],
    ['1500ms', 1500],
    ['45s', 45_000],
    ['30m', HOUR / 2],
    ['12h', 12 * HOUR],
    ['7d', 168 * HOUR],
  ])('reads the duration %j', (text, absolute) => {
    expect(loadConfig({ SESSION_DURATION: text }).auth.lifetime.absolute).toBe(absolute);
  });

  it('reads several strategies, separated by commas', () => {
    expect(loadConfig({ AUTH_TYPE: 'session_db_auth, basic_auth' }).auth.type).toEqual([
      'session_db_auth',
      'basic_auth',
    ]);
  });

  it('reads proxies as a number or as networks', () => {
    expect(loadConfig({ TRUST_PROXY: '2' }).http.trustProxy).toBe(2);
    expect(loadConfig({ TRUST_PROXY: '10.0.0.0/8, ::1' }).http.trustProxy).toEqual(['10.0.0.0/8', '::1']);
    for (const network of ['172.16.0.0/12', 'fc00::/7', 'fe80::/10', '::ffff:10.0.0.0/104', '2001:db8::/32'])
      expect(loadConfig({ TRUST_PROXY: network }).http.trustProxy).toEqual([network]);
  });

  it('reads a secret from a file', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'pepper');
    writeFileSync(file, `${PEPPER}\n`);
    expect(loadConfig({ PASSWORD_PEPPER_FILE: file }).users.passwordPepper).toBe(PEPPER);
    expect(problemsOf({ PASSWORD_PEPPER_FILE: file, PASSWORD_PEPPER: PEPPER })).toEqual([
      'PASSWORD_PEPPER: is set twice, also as PASSWORD_PEPPER_FILE; unset one of them',
    ]);
    writeFileSync(file, `\uFEFF${PEPPER}\r\n`);
    expect(loadConfig({ PASSWORD_PEPPER_FILE: file }).users.passwordPepper).toBe(PEPPER);
    for (const bytes of [
      Buffer.from(`${PEPPER}\u00e4`, 'latin1'),
      Buffer.from(`\uFEFF${PEPPER}`, 'utf16le'),
    ]) {
      writeFileSync(file, bytes);
      expect(problemsOf({ PASSWORD_PEPPER_FILE: file })).toEqual([
        'PASSWORD_PEPPER_FILE: is not UTF-8; write the file in this encoding',
      ]);
    }
    writeFileSync(file, PEPPER);
    expect(problemsOf({ PASSWORD_PEPPER: `${PEPPER}\uFFFD` })).toEqual([
      'PASSWORD_PEPPER: is not UTF-8; set it in this encoding',
    ]);
    expect(problemsOf({ PASSWORD_PEPPER_FILE: `${file}.missing` })).toEqual([
      'PASSWORD_PEPPER_FILE: cannot be read',
    ]);
  });

  it('has a default cost for each password hash', () => {
    expect(loadConfig({ PASSWORD_HASH: 'argon2id' }).users).toMatchObject({
      passwordHash: 'argon2id',
      passwordCost: 2,
    });
    expect(loadConfig({ PASSWORD_HASH: 'argon2id', PASSWORD_HASH_COST: '3' }).users.passwordCost).toBe(3);
  });

  it('reads previous peppers, separated by commas, also from a file', () => {
    const previous = [PEPPER, `${PEPPER}-before`];
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'peppers');
    writeFileSync(file, `${previous.join(', ')}\n`);
    for (const variables of [
      { PASSWORD_PEPPER_PREVIOUS: previous.join(',') },
      { PASSWORD_PEPPER_PREVIOUS_FILE: file },
    ])
      expect(loadConfig(variables).users).toMatchObject({
        passwordPepper: null,
        passwordPreviousPeppers: previous,
      });
  });

  it('takes context words from the operator and from host names', () => {
    const { users } = loadConfig({
      PASSWORD_CONTEXT_WORDS: 'Grand Hotel, Bellevue',
      API_HOST: 'inside.example',
      TRUSTED_ORIGINS: 'https://app.hotel.example:8443, capacitor://localhost, chrome-extension://abcdef',
    });
    expect(users.passwordContext).toEqual([
      'Grand Hotel',
      'Bellevue',
      hostname(),
      'inside.example',
      'app.hotel.example',
      'localhost',
      'abcdef',
    ]);
  });

  it('reads the URL of the service for breached passwords', () => {
    expect(loadConfig({ PASSWORD_BREACH_URL: 'https://breaches.example/range/' }).users).toMatchObject({
      passwordBreachUrl: 'https://breaches.example/range',
    });
  });

  it('sends mails in production only where told to, and needs no PUBLIC_URL beside all pages', () => {
    expect(loadConfig({ NODE_ENV: 'production', MFA: 'off' }).mail).toBe(false);
    expect(loadConfig({ NODE_ENV: 'production', MFA: 'off', ...MAILS }).mail).toMatchObject({
      from: SENDER.MAIL_FROM,
      publicUrl: SENDER.PUBLIC_URL,
      verification: 'optional',
    });
    const pages = Object.fromEntries(
      ['RESET', 'VERIFY', 'CONFIRM', 'CANCEL'].map((page) => [
        `PUBLIC_${page}_URL`,
        `https://a.example/${page}`,
      ]),
    );
    const { PUBLIC_URL: _url, ...others } = MAILS;
    expect(loadConfig({ ...others, ...pages }).mail).toMatchObject({
      publicUrl: null,
      links: { reset: 'https://a.example/RESET', cancel: 'https://a.example/CANCEL' },
    });
  });

  it('ignores variables of other software', () => {
    const foreign = { SESSION_MANAGER: 'local/desktop', PATH: '/bin', SSH_AUTH_SOCK: 'x' };
    expect(problemsOf({ ...foreign, PASSWORD_STORE_DIR: '/x', TRUST_STORE: '/x', API_POST: 'x' })).toEqual(
      [],
    );
  });
});

describe('An empty variable', () => {
  const FILES = SECRETS.map((name) => `${name}_FILE`);

  it.each([...NAMES, ...FILES])('%s is an error, also if it contains only spaces', (name) => {
    for (const value of ['', ' ', '\t \n'])
      expect(problemsOf({ [name]: value })).toEqual([
        `${name}: is empty; set a value, or unset the variable`,
      ]);
  });

  it('is reported with all others, also if strict is false', () => {
    const names = [...NAMES, ...FILES];
    const variables = Object.fromEntries(names.map((name) => [name, '']));
    expect(
      problemsOf(variables)
        .map((problem) => problem.split(':')[0]!)
        .toSorted(),
    ).toEqual(names.toSorted());
    expect(() => loadConfig({ API_PORT: '' }, { strict: false })).toThrow('API_PORT: is empty');
  });

  it.each(SECRETS)('is also a secret whose file is empty: %s', (name) => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'secret');
    for (const content of ['', '\n', '\r\n', ' \t', '\uFEFF']) {
      writeFileSync(file, content);
      expect(problemsOf({ [`${name}_FILE`]: file })).toEqual([
        `${name}_FILE: the file is empty; write a value into it, or unset the variable`,
      ]);
    }
  });

  it('is reported together with the problem of its file', () => {
    expect(problemsOf({ SETUP_CODE: '', SETUP_CODE_FILE: '/nowhere' }).toSorted()).toEqual([
      'SETUP_CODE: is empty; set a value, or unset the variable',
      'SETUP_CODE_FILE: cannot be read',
    ]);
  });
});

describe('An invalid configuration', () => {
  it.each<[Variables, string]>([
    [{ AUTH_TYPE: 'bogus' }, 'AUTH_TYPE: each value must be one of the following values: basic_auth'],
    [{ AUTH_TYPE: 'basic_auth,basic_auth' }, 'AUTH_TYPE: must not name a value twice'],
    [{ AUTH_TYPE: ',' }, 'AUTH_TYPE: must not name a value twice'],
    [
      { SESSION_LIMIT_POLICY: 'refuse' },
      'SESSION_LIMIT_POLICY: refuse needs a limit; set SESSION_MAX_PER_USER',
    ],
    [{ AUTH_TYPE: 'auth' }, 'AUTH_TYPE: auth must be the only type'],
    [
      { AUTH_TYPE: 'session_auth,session_exp_auth' },
      'AUTH_TYPE: must name at most one strategy with cookies',
    ],
    [
      { AUTH_TYPE: 'session_db_auth,token_auth,session_exp_auth' },
      'AUTH_TYPE: must name at most one strategy with cookies',
    ],
    [{ AUTH_TYPE: 'token_auth,token_auth' }, 'AUTH_TYPE: must not name a value twice'],
    [{ AUTH_TYPE: '__proto__' }, 'AUTH_TYPE: each value'],
    [{ AUTH_COMPAT: 'ALX' }, 'AUTH_COMPAT: must be one of'],
    [{ AUTH_COMPAT: 'alx' }, 'AUTH_COMPAT: this application serves standard only'],
    [{ AUTH_TYP: 'basic_auth' }, 'AUTH_TYP: unknown; did you mean AUTH_TYPE?'],
    [{ PASSWORD_PEPER: PEPPER }, 'PASSWORD_PEPER: unknown; did you mean PASSWORD_PEPPER?'],
    [{ TRUSTED_ORIGIN: 'x' }, 'TRUSTED_ORIGIN: unknown; did you mean TRUSTED_ORIGINS?'],
    [{ SESSION_DURATON: '1h' }, 'SESSION_DURATON: unknown; did you mean SESSION_DURATION?'],
    [{ SESSION_NAME: 'a b' }, 'SESSION_NAME: must be a cookie name'],
    [{ SESSION_NAME: '__Host-sid' }, 'SESSION_NAME: this prefix needs NODE_ENV=production'],
    [{ SESSION_DURATION: '0' }, 'SESSION_DURATION: must be a duration longer than 0'],
    [{ SESSION_DURATION: 'soon' }, 'SESSION_DURATION: must be a duration longer than 0'],
    [{ SESSION_DURATION: '-5' }, 'SESSION_DURATION: must be a duration longer than 0'],
    [{ SESSION_IDLE_TIMEOUT: '0m' }, 'SESSION_IDLE_TIMEOUT: must be a duration longer than 0'],
    [
      { SESSION_IDLE_TIMEOUT: '2h', SESSION_DURATION: '1h' },
      'SESSION_IDLE_TIMEOUT: must not be longer than SESSION_DURATION',
    ],
    ...['0', 'soon', '-5', '1e3', '30 d', '30D', '1w'].map(
      (SESSION_REMEMBER_DURATION): [Variables, string] => [
        { SESSION_REMEMBER_DURATION },
        'SESSION_REMEMBER_DURATION: must be a duration longer than 0',
      ],
    ),
    [{ SESSION_REMEMBER_DURATION: '401d' }, 'SESSION_REMEMBER_DURATION: must be at most 400d'],
    [{ SESSION_REMEMBER_DURATION: '34560001' }, 'SESSION_REMEMBER_DURATION: must be at most 400d'],
    [
      { SESSION_REMEMBER_IDLE_TIMEOUT: '0m' },
      'SESSION_REMEMBER_IDLE_TIMEOUT: must be a duration longer than 0',
    ],
    [
      { SESSION_REMEMBER_IDLE_TIMEOUT: '31d' },
      'SESSION_REMEMBER_IDLE_TIMEOUT: must not be longer than SESSION_REMEMBER_DURATION',
    ],
    [
      { SESSION_REMEMBER_IDLE_TIMEOUT: '2h', SESSION_REMEMBER_DURATION: '1h' },
      'SESSION_REMEMBER_IDLE_TIMEOUT: must not be longer than SESSION_REMEMBER_DURATION',
    ],
    [{ SESSION_REMEMBER: '30d' }, 'SESSION_REMEMBER: unknown; did you mean SESSION_'],
    [{ SESSION_MAX_PER_USER: '-1' }, 'SESSION_MAX_PER_USER: must not be less than 0'],
    [{ SESSION_MAX_PER_USER: 'few' }, 'SESSION_MAX_PER_USER: must be an integer number'],
    [{ CLEAR_SITE_DATA: 'cookies' }, 'CLEAR_SITE_DATA: must be one of'],
    [{ SESSION_LIMIT_POLICY: 'ignore' }, 'SESSION_LIMIT_POLICY: must be one of'],
    [{ SESSION_STORE_URL: 'memory:' }, 'SESSION_STORE_URL: session_db_auth needs a durable session store'],
    [{ DATABASE_URL: 'memory:' }, 'SESSION_STORE_URL: session_db_auth needs a durable session store'],
    [
      { AUTH_TYPE: 'token_auth', DATABASE_URL: 'memory:' },
      'SESSION_STORE_URL: token_auth needs a durable session store',
    ],
    [
      { AUTH_TYPE: 'session_exp_auth,token_auth', SESSION_STORE_URL: 'memory:' },
      'SESSION_STORE_URL: token_auth needs a durable session store',
    ],
    [
      { DATABASE_URL: 'mysql://user:hunter2@host/db' },
      'DATABASE_URL: must be memory:, sqlite:<file> or postgres://…',
    ],
    [
      { DATABASE_URL: 'redis://cache.example.com' },
      'DATABASE_URL: must be memory:, sqlite:<file> or postgres://…',
    ],
    [{ STORE_TIMEOUT: '30d' }, 'STORE_TIMEOUT: must be a duration longer than 0 and at most 1d'],
    [{ SESSION_SWEEP_INTERVAL: '0' }, 'SESSION_SWEEP_INTERVAL: must be a duration longer than 0'],
    [{ WORKERS: '0' }, 'WORKERS: must not be less than 1'],
    [
      { WORKERS: '2', DATABASE_URL: 'memory:', AUTH_TYPE: 'basic_auth' },
      'WORKERS: more than one worker needs shared stores',
    ],
    [{ WORKERS: '2', AUTH_TYPE: 'session_auth' }, 'WORKERS: more than one worker needs shared stores'],
    [{ SETUP_CODE: 'short' }, 'SETUP_CODE: must have at least 16 characters'],
    [
      { SESSION_STORE_URL: 'memcached://host' },
      'SESSION_STORE_URL: must be memory:, sqlite:<file>, postgres://…, redis://…',
    ],
    [{ DATABASE_URL: 'sqlite::memory:' }, 'DATABASE_URL: use memory: for a database in memory'],
    [
      { DATABASE_URL: 'sqlite:file:x.db?mode=ro' },
      'DATABASE_URL: use memory: for a database in memory, or sqlite:<file> with the path of a file',
    ],
    [{ DATABASE_URL: 'sqlite:' }, 'DATABASE_URL: names no file'],
    [{ API_PORT: '65536' }, 'API_PORT: must not be greater than 65535'],
    [{ API_PORT: 'http' }, 'API_PORT: must be an integer number'],
    [{ METRICS_PORT: '5000' }, 'METRICS_PORT: must differ from API_PORT'],
    [{ METRICS_PORT: '70000' }, 'METRICS_PORT: must not be greater than 65535'],
    [{ METRICS_HOST: '0.0.0.0' }, 'METRICS_HOST: has no effect without METRICS_PORT'],
    [{ API_HOST: 'a host' }, 'API_HOST: must be a host name or an address'],
    [{ API_PREFIX: 'api' }, 'API_PREFIX: must be / or a path'],
    [{ MAX_CONNECTIONS: '0' }, 'MAX_CONNECTIONS: must not be less than 1'],
    [{ KEEP_ALIVE_TIMEOUT: '0' }, 'KEEP_ALIVE_TIMEOUT: must be a duration longer than 0'],
    [{ KEEP_ALIVE_TIMEOUT: '2d' }, 'KEEP_ALIVE_TIMEOUT: must be a duration longer than 0 and at most 1d'],
    [{ API_DOCS: 'yes' }, 'API_DOCS: must be one of'],
    [{ PAGES: 'yes' }, 'PAGES: must be one of'],
    [{ PAGES: 'on', AUTH_TYPE: 'token_auth' }, 'PAGES: the pages need a strategy with cookies'],
    [{ PAGES: 'on', AUTH_TYPE: 'basic_auth' }, 'PAGES: the pages need a strategy with cookies'],
    [{ API_PREFIX: '/account' }, 'API_PREFIX: the pages are at /account'],
    [{ API_PREFIX: '/account/v1' }, 'API_PREFIX: the pages are at /account'],
    [{ API_PREFIX: '/admin' }, 'API_PREFIX: the pages are at /account and /admin'],
    [{ STORE_TIMEOUT: '0' }, 'STORE_TIMEOUT: must be a duration longer than 0'],
    [{ REGISTRATION: 'anyone' }, 'REGISTRATION: must be one of'],
    [{ TRUST_PROXY: 'true' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '10.0.0.0/33' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '0.0.0.0/0' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '10' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '10.0.0.0/7' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '::/1' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '2000::/6' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '1::/15' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '::ffff:0:0/96' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ TRUST_PROXY: '::ffff:128.0.0.0/97' }, 'TRUST_PROXY: must be a number of proxies'],
    [{ SESSION_NAME: '__proto__' }, 'SESSION_NAME: must be a cookie name'],
    [{ TRUSTED_ORIGINS: 'https://app.example.com/' }, 'TRUSTED_ORIGINS: must be origins'],
    [{ TRUSTED_ORIGINS: 'https://*.example.com' }, 'TRUSTED_ORIGINS: must be origins'],
    [{ PASSWORD_HASH: 'md5' }, 'PASSWORD_HASH: must be one of'],
    [{ PASSWORD_HASH_COST: 'much' }, 'PASSWORD_HASH_COST: must be an integer number'],
    [{ PASSWORD_HASH_COST: '3' }, 'PASSWORD_HASH_COST: must be from 4 to 15 for bcrypt'],
    [{ PASSWORD_HASH_COST: '16' }, 'PASSWORD_HASH_COST: must be from 4 to 15 for bcrypt'],
    [
      { PASSWORD_HASH_COST: '9', NODE_ENV: 'production', MFA: 'off' },
      'PASSWORD_HASH_COST: must be from 10 to 15 for bcrypt in production',
    ],
    [
      { PASSWORD_HASH: 'argon2id', PASSWORD_HASH_COST: '21' },
      'PASSWORD_HASH_COST: must be from 1 to 20 for argon2id',
    ],
    [
      { PASSWORD_HASH: 'argon2id', PASSWORD_HASH_COST: '1', NODE_ENV: 'production', MFA: 'off' },
      'PASSWORD_HASH_COST: must be from 2 to 20 for argon2id in production',
    ],
    [{ PASSWORD_BREACH_URL: 'breaches' }, 'PASSWORD_BREACH_URL: must be an http or https URL'],
    [{ PASSWORD_BREACH_URL: 'file:///etc/passwd' }, 'PASSWORD_BREACH_URL: must be an http or https URL'],
    [
      { PASSWORD_BREACH_URL: 'https://me:hunter2@breaches.example/range' },
      'PASSWORD_BREACH_URL: must be an http or https URL',
    ],
    [
      { PASSWORD_PEPPER: 'a,pepper,with,commas,of,more,than,32,characters' },
      'PASSWORD_PEPPER: must have at least 32 characters, and no comma',
    ],
    [
      { PASSWORD_PEPPER_PREVIOUS: `${PEPPER},short` },
      'PASSWORD_PEPPER_PREVIOUS: must have at least 32 characters, and no comma',
    ],
    [{ PASSWORD_MIN_LENGTH: '7' }, 'PASSWORD_MIN_LENGTH: must not be less than 8'],
    [{ PASSWORD_PEPPER: 'short' }, 'PASSWORD_PEPPER: must have at least 32 characters'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: must be one of'],
    [
      { MAIL_URL: 'http://mail.example.com', ...SENDER },
      'MAIL_URL: must be smtp://…, smtps://…, file:<folder> or off',
    ],
    [{ MAIL_URL: 'smtp://', ...SENDER }, 'MAIL_URL: '],
    [{ ...MAILS, MAIL_FROM: 'Example' }, 'MAIL_FROM: must be an address, such as'],
    [{ MAIL_URL: MAILS.MAIL_URL, PUBLIC_URL: SENDER.PUBLIC_URL }, 'MAIL_FROM: MAIL_URL needs a sender'],
    [
      { MAIL_URL: MAILS.MAIL_URL, MAIL_FROM: SENDER.MAIL_FROM },
      'PUBLIC_URL: MAIL_URL needs the URL of your frontend',
    ],
    [{ ...MAILS, PUBLIC_URL: 'app.example.com' }, 'PUBLIC_URL: must be an http or https URL'],
    [
      { ...MAILS, PUBLIC_RESET_URL: 'https://a.example/#reset' },
      'PUBLIC_RESET_URL: must be an http or https URL without user and fragment',
    ],
    [
      { ...MAILS, NODE_ENV: 'production', MFA: 'off', PUBLIC_URL: 'http://app.example.com' },
      'PUBLIC_URL: must begin with https:// in production',
    ],
    [
      { ...MAILS, NODE_ENV: 'production', MFA: 'off', PUBLIC_CANCEL_URL: 'http://app.example.com/cancel' },
      'PUBLIC_CANCEL_URL: must begin with https:// in production',
    ],
    [
      { ...SENDER, NODE_ENV: 'production', MFA: 'off', MAIL_URL: 'file:mail' },
      'MAIL_URL: file: is for development, because nobody gets these mails; set it to a mail server, or to off',
    ],
    [{ ...MAILS, EMAIL_VERIFICATION: 'yes' }, 'EMAIL_VERIFICATION: '],
    [
      { MAIL_URL: 'off', EMAIL_VERIFICATION: 'required' },
      'EMAIL_VERIFICATION: needs mails, which are off; set MAIL_URL to a mail server',
    ],
    [
      { NODE_ENV: 'production', MFA: 'off', EMAIL_VERIFICATION: 'optional' },
      'EMAIL_VERIFICATION: needs mails, which are off; set MAIL_URL to a mail server',
    ],
    ...['MAIL_FROM', 'PUBLIC_URL', 'PUBLIC_RESET_URL'].map((name): [Variables, string] => [
      { MAIL_URL: 'off', [name]: name === 'MAIL_FROM' ? SENDER.MAIL_FROM : SENDER.PUBLIC_URL },
      `${name}: has no effect, because mails are off; remove it, or set MAIL_URL to a mail server`,
    ]),
    [{ ...MAILS, SIGN_IN_NOTICES: 'yes' }, 'SIGN_IN_NOTICES: '],
    [{ ...MAILS, MAILS_PER_ADDRESS: '0' }, 'MAILS_PER_ADDRESS: '],
    [{ ...MAILS, MAILS_PER_NETWORK: '10001' }, 'MAILS_PER_NETWORK: '],
    [{ NODE_ENV: 'prod' }, 'NODE_ENV: must be one of'],
  ])('%j stops the start with the reason', (variables, problem) => {
    const problems = problemsOf(variables);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('is reported completely, by name and never by value', () => {
    const problems = problemsOf({
      AUTH_TYPE: 'hunter2',
      API_PORT: 'hunter2',
      DATABASE_URL: 'hunter2',
      PASSWORD_PEPPER: 'hunter2',
      SESSION_DURATION: 'hunter2',
      AUTH_TIPE: 'hunter2',
    });
    expect(problems.map((problem) => problem.split(':')[0]).toSorted()).toEqual([
      'API_PORT',
      'AUTH_TIPE',
      'AUTH_TYPE',
      'DATABASE_URL',
      'PASSWORD_PEPPER',
      'SESSION_DURATION',
    ]);
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});

describe('A problem of the configuration', () => {
  it.each(NAMES)('names its variable once: %s', (name) => {
    const problems = ['\u200b', ',', '0', 'bogus', '99999999'].flatMap((value) =>
      problemsOf({ [name]: value }),
    );
    for (const problem of problems)
      expect(problem).not.toMatch(new RegExp(`^${name}: .*\\b${name}\\b|\\$property`));
  });
});

describe('The description of the configuration', () => {
  const lines = (variables: Variables) =>
    new Map(
      describeConfig(variables).map(({ name, value, source }) => [name as string, `${value} [${source}]`]),
    );

  it('shows the source of each value', () => {
    const described = lines({ AUTH_TYPE: 'session_exp_auth', SESSION_DURATION: '1h' });
    expect(described.get('AUTH_TYPE')).toBe('session_exp_auth [environment]');
    expect(described.get('SESSION_DURATION')).toBe('1h [environment]');
    expect(described.get('API_PORT')).toBe('5000 [default]');
    expect(described.get('SESSION_STORE_URL')).toBe('memory: [derived]');
    expect(described.get('PASSWORD_PEPPER')).toBe('(none) [default]');
  });

  it('shows where mails go, without the password', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'mail-url');
    writeFileSync(file, `${MAILS.MAIL_URL}\n`);
    for (const variables of [MAILS, { ...SENDER, MAIL_URL_FILE: file }]) {
      expect(lines(variables).get('MAIL_URL')).toContain('mail.example.com:587');
      expect([...lines(variables).values()].join('\n')).not.toContain('hunter2');
    }
  });

  it('shows no secret', () => {
    const described = lines({ PASSWORD_PEPPER: PEPPER, PASSWORD_PEPPER_PREVIOUS: PEPPER });
    expect(described.get('PASSWORD_PEPPER')).toBe('(secret) [environment]');
    expect(described.get('PASSWORD_PEPPER_PREVIOUS')).toBe('(secret) [environment]');
    expect([...described.values()].join('\n')).not.toContain(PEPPER);
  });
});
