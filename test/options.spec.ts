import { Pool } from 'pg';
import { describe, expect, it } from '@jest/globals';
import { type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AuditModule,
  AuditOptions,
  AuthModule,
  AuthOptions,
  BasicAuth,
  MailModule,
  MailOptions,
  OptionsError,
  SessionsModule,
  SessionsOptions,
  StorageModule,
  StorageOptions,
  ThrottleOptions,
  UsersModule,
  UsersOptions,
} from 'coatcheck';
import { HttpOptions, loadConfig } from 'coatcheck/server';
import { fileMailer } from 'coatcheck/smtp';
import { MemoryMailer } from 'coatcheck/testing';

const SECRET = 's3cr3t-M4rk';
const DAY = 86_400_000;
const LONG = Number.MAX_SAFE_INTEGER * 1000;

const BAD_NUMBERS = [null, NaN, Infinity, -Infinity, -1, 0, '5', true, [], {}, 1n, () => 1];
const BAD_TIMES = [...BAD_NUMBERS, '30m', 0.5, new Date()];
const BAD_WAITS = [...BAD_TIMES, DAY + 1, 2 ** 31];
const BAD_COUNTS = [...BAD_NUMBERS, 1.5, LONG];
const BAD_LIMITS = BAD_TIMES.filter((value) => value !== Infinity);
const BAD_FLAGS = [null, NaN, 0, 1, '', 'true', 'false', 'off', [], {}, () => true];
const BAD_CLASSES = [NaN, 0, 1, true, '', 'AppUserDirectory', [], {}, () => true, class {}, Symbol('x')];
const BAD_TEXTS = [null, NaN, 0, 1, true, '', [], {}, () => 'x', Symbol('x')];
const BAD_LISTS = [null, NaN, 0, true, 'a,b', {}, [null], [1], [['a']], [undefined], () => []];
const BAD_OBJECTS = [null, NaN, 0, 1, true, '', 'x', [], () => ({}), Infinity];

type Rows = Readonly<Record<string, readonly unknown[]>>;

/** Ten and more bad values of each option; a dot leads to a part of one. */
const BAD: Readonly<Record<string, Rows>> = {
  AuthOptions: {
    type: [
      null,
      NaN,
      1,
      true,
      {},
      [],
      '',
      ' ',
      ',',
      'session_auth,',
      [null],
      [1],
      [['basic_auth']],
      SECRET,
      'SESSION_AUTH',
      '__proto__',
      'constructor',
      'auth',
      ['basic_auth,token_auth'],
      'basic_auth,basic_auth',
      'basic_auth, basic_auth',
      ['token_auth', 'token_auth'],
      'session_auth,session_db_auth',
      ['session_exp_auth', 'token_auth', 'session_auth'],
    ],
    strategies: [
      ...BAD_OBJECTS.filter((value) => !Array.isArray(value)),
      [BasicAuth],
      { own: null },
      { own: 'BasicAuth' },
      { own: class {} },
      { 'own,other': BasicAuth },
      { 'own one': BasicAuth },
    ],
    sockets: BAD_OBJECTS,
    'sockets.recheck': [...BAD_TIMES, 99, 60_001],
    lifetime: BAD_OBJECTS,
    'lifetime.idle': [...BAD_LIMITS, 13 * DAY],
    'lifetime.absolute': BAD_LIMITS,
    remembered: BAD_OBJECTS,
    'remembered.idle': [...BAD_LIMITS, 31 * DAY],
    'remembered.absolute': [...BAD_TIMES, 400 * DAY + 1, 401 * DAY],
    cookie: BAD_OBJECTS,
    'cookie.name': [
      ...BAD_TEXTS,
      'a b',
      ' sid',
      'sid;',
      'sid=',
      'sid\n',
      'sëd',
      '__proto__',
      'x'.repeat(101),
    ],
    'cookie.secure': BAD_FLAGS,
    'cookie.path': [...BAD_TEXTS, 'admin', '/a;b', '/a b', '/a\n', '/admin'],
    'cookie.domain': [
      ...BAD_TEXTS.filter((value) => value !== null),
      'example.com/',
      'a b',
      'a;b',
      '.',
      'example.com',
    ],
    'cookie.sameSite': [...BAD_TEXTS, 'Lax', 'off', true],
    'cookie.partitioned': BAD_FLAGS,
    clearSiteData: [...BAD_LISTS, ['cookies'], ['cache', 'cookies'], 'cache'],
    trustedOrigins: [...BAD_LISTS, ['*'], ['null'], ['https://app.example.com/']],
    realm: [
      ...BAD_TEXTS,
      'a "quoted" one',
      'back\\slash',
      'line\nbreak',
      'Garderobe für alle',
      'x'.repeat(101),
    ],
    errorFormat: [null, NaN, 0, 1, true, '', 'json', [], {}, new Date()],
    messageAuthorization: [null, NaN, 0, 1, true, '', 'Bearer', [], {}, new Date()],
    allowMemorySessionsInTests: BAD_FLAGS,
    global: BAD_FLAGS,
    routes: BAD_FLAGS,
  },
  UsersOptions: {
    registration: [...BAD_TEXTS, 'anyone', 'OPEN'],
    setupCode: [...BAD_TEXTS.slice(1), 'short', 'x'.repeat(15)],
    roles: [
      ...BAD_LISTS,
      [],
      ['user'],
      ['user', 'editor'],
      ['admin', 'user'],
      ['user', 'user', 'admin'],
      ['', 'admin'],
      ['a b', 'admin'],
      ['user,editor', 'admin'],
      ['line\nbreak', 'admin'],
      ['x'.repeat(65), 'admin'],
      [1, 'admin'],
    ],
    adminRole: [...BAD_TEXTS, 'owner', 'Admin', 'user'],
    passwordMinLength: [...BAD_COUNTS, 1, 7, 129],
    passwordBlocklist: BAD_FLAGS,
    passwordContext: BAD_LISTS,
    passwordBreachUrl: [
      ...BAD_TEXTS.slice(1),
      'breaches',
      'file:///etc/passwd',
      `https://me:${SECRET}@breaches.example/range`,
      'https://breaches.example/range?a=b',
      'https://breaches.example/#a',
    ],
    passwordHash: [...BAD_TEXTS, 'md5', 'BCRYPT', 'constructor'],
    passwordCost: [...BAD_COUNTS.slice(1), 3, 16, 100],
    passwordHasher: [...BAD_OBJECTS.filter((value) => value !== null), {}, class {}, BasicAuth],
    passwordPepper: [...BAD_TEXTS.slice(1), SECRET, `${SECRET},`.repeat(4), 'x'.repeat(31)],
    passwordPreviousPeppers: [...BAD_LISTS, [SECRET], ['x'.repeat(32), SECRET], 'x'.repeat(32)],
    timeout: BAD_WAITS.filter((value) => value !== null),
    directory: BAD_CLASSES,
    credentialVerifier: BAD_CLASSES,
    rehashPasswords: BAD_FLAGS,
    devisePepper: [...BAD_TEXTS.slice(1), [SECRET]],
    throttle: BAD_OBJECTS,
    'throttle.enabled': BAD_FLAGS,
    'throttle.failuresPerNetwork': BAD_COUNTS,
    'throttle.failuresPerServer': BAD_COUNTS,
    exactEmails: BAD_FLAGS,
    routes: BAD_FLAGS,
  },
  SessionsOptions: {
    limit: [...BAD_OBJECTS.slice(1), 5n],
    'limit.max': BAD_COUNTS,
    'limit.policy': [...BAD_TEXTS, 'ignore', undefined],
    maxAccessTokens: [...BAD_COUNTS, 10_001],
    sweepInterval: BAD_WAITS,
  },
  StorageOptions: {
    database: [
      ...BAD_TEXTS,
      ['memory:'],
      'sqlite:',
      'sqlite::memory:',
      'memory:x',
      ' memory:',
      `mysql://ann:${SECRET}@host/db`,
      `redis://:${SECRET}@host`,
      `postgres://ann:${SECRET}/@host/db`,
    ],
    sessions: [
      ...BAD_TEXTS,
      ['memory:'],
      'memcached://host',
      `redis://:${SECRET}@host?prefx=1`,
      'redis-cluster://',
      'sqlite:',
    ],
    timeout: BAD_WAITS,
    tables: [...BAD_TEXTS, 'create', 'drop'],
    tablePrefix: [...BAD_TEXTS, '1a', 'a-b', 'a b', 'a"', 'é', 'a'.repeat(41), 'sqlite_', 'PG_x'],
    schema: [...BAD_TEXTS.filter((value) => value !== null), '1a', 'a.b', 'a"', 'a'.repeat(64), 'pg_temp'],
    without: [null, 1, true, {}, 'users', [1], [null], ['user'], ['users', 'tallies'], [['users']]],
  },
  AuditOptions: { retention: BAD_TIMES, sweepInterval: BAD_WAITS, routes: BAD_FLAGS },
  ThrottleOptions: {
    enabled: BAD_FLAGS,
    failuresPerNetwork: BAD_COUNTS,
    failuresPerServer: BAD_COUNTS,
  },
  MailOptions: {
    mailer: [...BAD_CLASSES, null, MemoryMailer.prototype.send, `smtp://ann:${SECRET}@mail.example`],
    from: [
      ...BAD_TEXTS,
      'Example',
      'Example <no-reply>',
      'Example no-reply@example.com>',
      'Example <no-reply@example.com',
      '<no-reply@example.com> Example',
      'a@example.com, b@example.com',
      'A <a@example.com> <b@example.com>',
      'Example <a@example.com>\r\nBcc: b@example.com',
      'Example\r\nBcc: b@example.com <a@example.com>',
      'a@example.com\n',
    ],
    service: [...BAD_TEXTS.slice(1), 'x'.repeat(61), 'Exa\nmple', 'Exa\u202Emple'],
    publicUrl: [
      ...BAD_TEXTS,
      'app.example.com',
      '//app.example.com',
      'ftp://app.example.com',
      `https://ann:${SECRET}@app.example.com`,
      'https://app.example.com/#/account',
      'https://app.example.com/a b',
      'https://app.example.com\n',
      'javascript:alert(1)//https://app.example.com',
    ],
    links: BAD_OBJECTS,
    ...Object.fromEntries(
      ['reset', 'verify', 'confirm', 'cancel'].map((page) => [
        `links.${page}`,
        [...BAD_TEXTS.slice(1), '/account', `https://ann:${SECRET}@app.example.com`, 'https://a.example/#x'],
      ]),
    ),
    templates: [...BAD_OBJECTS, {}, class {}],
    verification: [...BAD_TEXTS, 'on', 'Required', 'optional '],
    signInNotices: BAD_FLAGS,
    perAddress: [...BAD_COUNTS, 10_001],
    perAccount: [...BAD_COUNTS, 10_001],
    perNetwork: [...BAD_COUNTS, 10_001],
    delay: [...BAD_COUNTS.filter((value) => value !== 0), 60_001],
    routes: BAD_FLAGS,
  },
  HttpOptions: {
    adapter: [...BAD_TEXTS, 'Express', 'EXPRESS', 'koa', 'express,fastify', 'fastify '],
    prefix: [
      ...BAD_TEXTS.filter((value) => value !== ''),
      'api',
      '/api/',
      '//',
      '/api/../v1',
      '/a b',
      '/:id',
      '/*',
    ],
    trustProxy: [
      null,
      NaN,
      Infinity,
      -1,
      10,
      1.5,
      true,
      '1',
      'all',
      '10.0.0.0/8',
      {},
      [],
      [1],
      [''],
      ['all'],
      ['10.0.0.0/33'],
      ['0.0.0.0/0'],
      ['10.0.0.0/7'],
      ['::/1'],
      ['::ffff:0:0/96'],
    ],
    trustedOrigins: [
      ...BAD_LISTS,
      ...['*', 'null', 'https://app.example.com/', 'https://*.example.com', 'HTTPS://app.example.com'].map(
        (origin) => [origin],
      ),
      [`https://ann:${SECRET}@app.example.com`],
    ],
    allowedHosts: [
      ...BAD_LISTS,
      ['https://app.example.com'],
      ['a host'],
      ['app.example.com:99999'],
      ['a.*.com'],
      [''],
    ],
    loopbackHosts: BAD_FLAGS,
    maxConnections: [...BAD_COUNTS, 1_000_001],
    keepAliveTimeout: BAD_WAITS,
    https: BAD_FLAGS,
    explainRefusals: BAD_FLAGS,
    docs: BAD_FLAGS,
    pages: BAD_FLAGS,
    service: [...BAD_TEXTS.slice(1), 'x'.repeat(61), 'Exa\nmple', 'Exa:mple'],
  },
};

/** What else each option of an object must have to be looked at, where a part of it is bad. */
const WHOLE: Readonly<Record<string, object>> = { limit: { max: 1, policy: 'refuse' } };

/** The options that have no default. */
const REQUIRED: Readonly<Record<string, object>> = {
  MailOptions: {
    mailer: MemoryMailer,
    from: 'Example <no-reply@example.com>',
    publicUrl: 'https://app.example.com',
  },
};

const CLASSES: Readonly<Record<string, new (options: object) => object>> = {
  AuthOptions,
  UsersOptions,
  SessionsOptions,
  StorageOptions,
  AuditOptions,
  MailOptions,
  ThrottleOptions,
  HttpOptions,
};

const CASES = Object.entries(BAD).flatMap(([owner, rows]) =>
  Object.entries(rows).map(([path, values]) => [owner, path, values] as const),
);

function optionsWith(owner: string, path: string, value: unknown): object {
  const [name, part] = path.split('.') as [string, string?];
  return { ...REQUIRED[owner], [name]: part === undefined ? value : { ...WHOLE[name], [part]: value } };
}

function errorOf(build: () => unknown, what = 'It'): OptionsError {
  try {
    build();
  } catch (error) {
    if (error instanceof OptionsError) return error;
    throw error;
  }
  throw new Error(`${what} is accepted.`);
}

describe('Bad options', () => {
  it.each(Object.entries(CLASSES))('are looked for in every option of %s', (owner, Options) => {
    const names = Object.keys(new Options({ ...REQUIRED[owner] }));
    const tried = Object.keys(BAD[owner]!).map((path) => path.split('.', 1)[0]);
    expect([...new Set(tried)].toSorted()).toEqual(names.toSorted());
  });

  it.each(CASES)('of %s are refused by name, and by no value: %s', (owner, path, values) => {
    expect(values.length).toBeGreaterThanOrEqual(10);
    for (const value of values) {
      const given = optionsWith(owner, path, value);
      const { faults } = errorOf(() => new CLASSES[owner]!(given), `${path}: ${String(value)}`);
      expect(faults.every((fault) => fault.startsWith(path))).toBe(true);
      expect(faults.join('\n')).toMatch(/: \S.{8,}/);
      expect(faults.join('\n')).not.toContain(SECRET);
    }
  });

  it.each(Object.entries(CLASSES))('are told all at once: %s', (owner, Options) => {
    const names = Object.keys(BAD[owner]!).filter((path) => !path.includes('.'));
    const { message, faults } = errorOf(
      () => new Options(Object.fromEntries(names.map((name) => [name, -1]))),
    );
    expect(faults.map((fault) => fault.split(/[:.]/, 1)[0]).toSorted()).toEqual(names.toSorted());
    expect(message).toBe(`Bad ${owner}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  });

  it.each<[string, object, string]>([
    ['AuthOptions', { types: ['basic_auth'] }, 'types: unknown; did you mean type?'],
    ['AuthOptions', { schemes: {} }, 'schemes: unknown; there are type, strategies, lifetime'],
    ['AuthOptions', { cookie: { sucure: true } }, 'cookie.sucure: unknown; did you mean secure?'],
    ['AuthOptions', { lifetime: { max: 1 } }, 'lifetime.max: unknown; there are idle, absolute'],
    ['UsersOptions', { passwordPeper: SECRET }, 'passwordPeper: unknown; did you mean passwordPepper?'],
    [
      'UsersOptions',
      { throttle: { failurePerServer: 1 } },
      'throttle.failurePerServer: unknown; did you mean failuresPerServer?',
    ],
    ['SessionsOptions', { sweepinterval: 1 }, 'sweepinterval: unknown; did you mean sweepInterval?'],
    ['SessionsOptions', JSON.parse('{"__proto__": 1}'), '__proto__: unknown; there are limit'],
    ['SessionsOptions', { constructor: 1 }, 'constructor: unknown; there are limit'],
    [
      'StorageOptions',
      { url: 'memory:' },
      'url: unknown; there are database, sessions, timeout, tables, tablePrefix, schema, without',
    ],
    ['AuditOptions', { retentions: 1 }, 'retentions: unknown; did you mean retention?'],
    ['ThrottleOptions', { enable: true }, 'enable: unknown; did you mean enabled?'],
    ['MailOptions', { publicURI: SECRET }, 'publicURI: unknown; did you mean publicUrl?'],
    ['MailOptions', { links: { rest: SECRET } }, 'links.rest: unknown; did you mean reset?'],
    ['MailOptions', { smtp: SECRET }, 'smtp: unknown; there are mailer, from, service, publicUrl'],
    ['HttpOptions', { trustedOrigin: [] }, 'trustedOrigin: unknown; did you mean trustedOrigins?'],
  ])('have a name that is unknown, and the one that is meant is told: %s %j', (owner, given, fault) => {
    const { faults } = errorOf(() => new CLASSES[owner]!({ ...REQUIRED[owner], ...given }));
    expect(faults).toEqual([expect.stringContaining(fault)]);
  });

  it.each<[string, object, string]>([
    [
      'AuthOptions',
      { cookie: { secure: false } },
      'cookie.name: the prefixes __Host- and __Secure- need secure: true',
    ],
    [
      'AuthOptions',
      { cookie: { name: '__secure-sid', secure: false } },
      'cookie.name: the prefixes __Host- and __Secure- need',
    ],
    ['AuthOptions', { lifetime: { idle: 2, absolute: 1 } }, 'lifetime.idle: longer than absolute'],
    [
      'UsersOptions',
      { passwordHash: 'argon2id', passwordCost: 21 },
      'passwordCost: must be from 1 to 20 for argon2id',
    ],
    [
      'UsersOptions',
      { passwordMinLength: 0, passwordBlocklist: false },
      'passwordMinLength: must not be less than 1',
    ],
    ['StorageOptions', { database: new Pool() }, 'database: must be wrapped: postgres(pool)'],
    ['StorageOptions', { sessions: new Pool() }, 'sessions: must be wrapped: redis(client)'],
    ['SessionsOptions', { limit: { max: 3 } }, 'limit.policy: must be one of'],
    [
      'MailOptions',
      { publicUrl: null, links: { reset: 'https://a.example', verify: 'https://a.example' } },
      'publicUrl: must be an http or https URL',
    ],
  ])('are bad together: %s %j', (owner, given, fault) => {
    expect(errorOf(() => new CLASSES[owner]!({ ...REQUIRED[owner], ...given })).faults).toEqual([
      expect.stringContaining(fault),
    ]);
  });

  it.each(Object.entries(CLASSES))('are no object: %s', (_, Options) => {
    for (const given of [null, 1, 'type', true, [], () => ({}), Symbol('x')])
      expect(errorOf(() => new Options(given as object)).faults).toEqual(['the options must be an object']);
  });
});

/** Good values of each option, besides its default. */
const GOOD: Readonly<Record<string, Rows>> = {
  AuthOptions: {
    type: [
      'basic_auth',
      'session_auth',
      'a,b',
      'a, b',
      ' session_db_auth , token_auth ',
      ['token_auth'],
      ['session_exp_auth', 'token_auth', 'basic_auth', 'a'],
    ],
    strategies: [
      {},
      { a: BasicAuth, b: BasicAuth, own: BasicAuth },
      { session_auth: BasicAuth, a: BasicAuth, b: BasicAuth },
    ],
    lifetime: [
      { idle: 1 },
      { absolute: 1 },
      { idle: 5, absolute: 5 },
      { idle: Infinity, absolute: Infinity },
      {},
    ],
    remembered: [{ absolute: 400 * DAY }, { idle: Infinity }, { idle: undefined, absolute: 1 }],
    cookie: [
      { name: 'sid', secure: false },
      { name: '__Secure-sid' },
      { name: '__Secure-sid', domain: 'example.com', path: '/app', sameSite: 'none', partitioned: true },
      { name: 'sid', secure: false, domain: '.example.com', sameSite: 'strict' },
      { secure: true },
      { secure: undefined },
    ],
    clearSiteData: [[], ['cache'], ['storage', 'cache']],
    trustedOrigins: [[], ['https://app.example.com']],
    errorFormat: [() => ({ status: 500, contentType: 'text/plain', body: {} })],
    allowMemorySessionsInTests: [true, false],
    global: [true, false],
    realm: ['the cloakroom', "Ann's", 'x'],
    routes: [true, false],
  },
  UsersOptions: {
    registration: ['first', 'open', 'closed', 'signed_in'],
    setupCode: [null, 'x'.repeat(16)],
    roles: [
      ['user', 'admin'],
      ['reader', 'rédacteur', 'admin'],
      ['x'.repeat(64), 'admin', 'user'],
    ],
    adminRole: ['admin'],
    passwordMinLength: [8, 128],
    passwordBlocklist: [true, false],
    passwordContext: [[], ['Grand Hotel', '']],
    passwordBreachUrl: [null, 'https://breaches.example/range', 'http://127.0.0.1:8080'],
    passwordHash: ['bcrypt', 'argon2id'],
    passwordCost: [null, 4, 15],
    passwordPepper: [null, 'x'.repeat(32)],
    passwordPreviousPeppers: [[], ['x'.repeat(32), 'ü'.repeat(40)]],
    timeout: [null],
    directory: [null],
    credentialVerifier: [null],
    rehashPasswords: [true, false],
    devisePepper: [null, 'x'],
    throttle: [
      { enabled: false },
      { failuresPerNetwork: 1 },
      new ThrottleOptions({ failuresPerServer: 7 }),
      {},
    ],
    exactEmails: [true, false],
    routes: [true, false],
  },
  SessionsOptions: {
    limit: [null, { max: 1, policy: 'refuse' }, { max: 99, policy: 'evict_oldest' }],
    maxAccessTokens: [1, 10_000],
    sweepInterval: [1, 1.5, DAY],
  },
  StorageOptions: {
    database: ['memory:', 'sqlite:a.db', 'postgres://host/db'],
    sessions: ['memory:', 'redis://host', 'redis-cluster://a:1,b:2'],
    timeout: [1, DAY],
    tables: ['migrate', 'require'],
    without: [[], ['users'], ['users', 'credentials', 'sessions', 'audit', 'throttle', 'tokens', 'outbox']],
  },
  AuditOptions: { retention: [1, 9999 * DAY], sweepInterval: [1, DAY], routes: [true, false] },
  ThrottleOptions: {
    enabled: [true, false],
    failuresPerNetwork: [1, 10 ** 9],
    failuresPerServer: [1, 10 ** 9],
  },
  MailOptions: {
    mailer: [MemoryMailer, new MemoryMailer(), fileMailer('mail')],
    from: ['a@example.com', '"Example, Inc." <a@example.com>', 'Grüße <grüße@bücher.example>'],
    service: [null, 'Example', '"Ex, <ample>"', 'x'.repeat(60)],
    publicUrl: ['https://app.example.com/', 'http://localhost:3000', 'https://app.example.com/a/?b=c'],
    links: [{}, { reset: 'https://other.example/reset' }, { cancel: null }],
    verification: ['off', 'optional', 'required'],
    signInNotices: [true, false],
    perAddress: [1, 10_000],
    perAccount: [1, 10_000],
    perNetwork: [1, 10_000],
    delay: [0, 60_000],
    routes: [true, false],
  },
  HttpOptions: {
    prefix: ['', '/', '/api', '/api/v1.2'],
    trustProxy: [0, 9, ['10.0.0.0/8'], ['2001:db8::/32', '127.0.0.1']],
    trustedOrigins: [[], ['https://app.example.com', 'capacitor://localhost']],
    allowedHosts: [[], ['app.example.com:8443', '.example.com', '[2001:db8::1]']],
    loopbackHosts: [true, false],
    maxConnections: [1, 1_000_000],
    keepAliveTimeout: [1, DAY],
    https: [true, false],
    explainRefusals: [true, false],
    docs: [true, false],
    pages: [true, false],
    service: ['Example', null],
  },
};

/** What other options a good value needs. */
const NEEDS: Readonly<Record<string, object>> = { type: { strategies: { a: BasicAuth, b: BasicAuth } } };

describe('Good options', () => {
  it.each(Object.entries(CLASSES))('may each be left out or undefined: %s', (owner, Options) => {
    const required = { ...REQUIRED[owner] };
    const defaults = new Options(required);
    const left = Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined]));
    expect(new Options({ ...left, ...required })).toEqual(defaults);
    expect(new Options(defaults)).toEqual(defaults);
    expect(Object.values(defaults)).not.toContain(undefined);
  });

  it.each(
    Object.entries(GOOD).flatMap(([owner, rows]) =>
      Object.entries(rows).map(([name, values]) => [owner, name, values] as const),
    ),
  )('of %s are accepted: %s', (owner, name, values) => {
    const Options = CLASSES[owner]!;
    const preset = new Options({ ...REQUIRED[owner] })[name as never] as unknown;
    for (const value of values) {
      const options = new Options({ ...REQUIRED[owner], ...NEEDS[name], [name]: value });
      const isWhole = typeof value !== 'object' || value === null || Array.isArray(value) || !isPlain(preset);
      const expected = isWhole
        ? value
        : expect.objectContaining({ ...(preset as object), ...defined(value) });
      expect({ [name]: options[name as never] }).toEqual({ [name]: value === '/' ? '' : expected });
      expect(new Options(options)).toEqual(options);
    }
  });

  it('name strategies by comma as AUTH_TYPE does', () => {
    for (const type of [
      'session_db_auth,token_auth',
      'session_db_auth, token_auth',
      ' session_db_auth ,token_auth ',
    ]) {
      expect(new AuthOptions({ type }).types).toEqual(['session_db_auth', 'token_auth']);
      expect(loadConfig({ AUTH_TYPE: type }).auth.types).toEqual(['session_db_auth', 'token_auth']);
    }
  });

  it('ask a service for breached passwords below its URL', () => {
    const { passwordBreachUrl } = new UsersOptions({ passwordBreachUrl: 'https://breaches.example/range//' });
    expect(passwordBreachUrl).toBe('https://breaches.example/range');
  });

  it('may leave out the URL of the frontend where there is one of each page', () => {
    const page = 'https://app.example.com/page';
    const links = { reset: page, verify: page, confirm: page, cancel: page };
    const options = new MailOptions({ mailer: MemoryMailer, from: 'a@example.com', publicUrl: null, links });
    expect(options.link('reset', 'token')).toBe(`${page}#token=token`);
    expect(options.serviceName).toBe('app.example.com');
  });

  it('keep sessions beside the users', () => {
    expect(new StorageOptions({ database: 'memory:' }).sessions).toBe('memory:');
  });
});

/** Whether a value has parts that have defaults. */
function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

type Pairs = readonly (readonly [text: string, value: unknown])[];

const same = (...texts: string[]): Pairs => texts.map((text) => [text, text]);
const lists = (...texts: string[]): Pairs => texts.map((text) => [text, text.split(',')]);
const numbers = (...values: number[]): Pairs => values.map((value) => [String(value), value]);
const PEPPER = 'a-pepper-of-more-than-32-characters';

/** A variable, the option that it sets, and the same values as both have them. */
const TWINS: readonly (readonly [variable: string, owner: string, path: string, pairs: Pairs])[] = [
  [
    'AUTH_TYPE',
    'AuthOptions',
    'type',
    [
      ...same('basic_auth', 'session_auth', 'bogus', '__proto__', ',', 'session_auth,session_exp_auth'),
      ...same('basic_auth,basic_auth', 'session_exp_auth, basic_auth', 'session_exp_auth,basic_auth,'),
      ...lists('session_exp_auth,basic_auth', 'session_auth,session_exp_auth', 'basic_auth,basic_auth'),
    ],
  ],
  ['SESSION_NAME', 'AuthOptions', 'cookie.name', same('sid', 'a b', '__proto__', 'x'.repeat(101), 'sid;')],
  ['SESSION_MAX_PER_USER', 'SessionsOptions', 'limit.max', numbers(1, 99)],
  ['ACCESS_TOKENS_MAX', 'SessionsOptions', 'maxAccessTokens', numbers(0, 1, 10_000, 10_001, -1)],
  ['API_PREFIX', 'HttpOptions', 'prefix', same('/', '/api', 'api', '/api/', '/../a', '/a b')],
  ['MAX_CONNECTIONS', 'HttpOptions', 'maxConnections', numbers(0, 1, 1_000_000, 1_000_001)],
  [
    'TRUST_PROXY',
    'HttpOptions',
    'trustProxy',
    [...numbers(0, 9, 10), ...lists('all', '10.0.0.0/8', '0.0.0.0/0,::1')],
  ],
  [
    'TRUSTED_ORIGINS',
    'HttpOptions',
    'trustedOrigins',
    lists('https://a.example', 'https://a.example/', '*', 'null', 'https://a.example,x'),
  ],
  [
    'ALLOWED_HOSTS',
    'HttpOptions',
    'allowedHosts',
    lists('a.example', '.a.example', '*', 'https://a.example'),
  ],
  [
    'DATABASE_URL',
    'StorageOptions',
    'database',
    same('sqlite:', 'sqlite:a.db', 'postgres://h/d', 'redis://h', 'file:x'),
  ],
  [
    'SESSION_STORE_URL',
    'StorageOptions',
    'sessions',
    same('redis://h', 'redis://h?prefx=1', 'sqlite:', 'postgres://h/d'),
  ],
  ['REGISTRATION', 'UsersOptions', 'registration', same('first', 'open', 'closed', 'signed_in', 'anyone')],
  ['SETUP_CODE', 'UsersOptions', 'setupCode', same('x'.repeat(15), 'x'.repeat(16))],
  ['PASSWORD_MIN_LENGTH', 'UsersOptions', 'passwordMinLength', numbers(7, 8, 128, 129)],
  ['PASSWORD_HASH', 'UsersOptions', 'passwordHash', same('bcrypt', 'argon2id', 'md5')],
  ['PASSWORD_HASH_COST', 'UsersOptions', 'passwordCost', numbers(3, 4, 15, 16, -1, 0)],
  [
    'PASSWORD_BREACH_URL',
    'UsersOptions',
    'passwordBreachUrl',
    same('https://a.example/r', 'x', 'ftp://a', 'https://a:b@c'),
  ],
  ['PASSWORD_PEPPER', 'UsersOptions', 'passwordPepper', same(PEPPER, 'short', `${PEPPER},${PEPPER}`)],
  ['PASSWORD_PEPPER_PREVIOUS', 'UsersOptions', 'passwordPreviousPeppers', lists(PEPPER, `${PEPPER},short`)],
  ['AUTH_FAILURES_PER_NETWORK', 'ThrottleOptions', 'failuresPerNetwork', numbers(0, 1, -1, 999)],
  ['AUTH_FAILURES_PER_SERVER', 'ThrottleOptions', 'failuresPerServer', numbers(0, 1, -1, 999)],
  [
    'MAIL_FROM',
    'MailOptions',
    'from',
    same('a@b.example', 'A <a@b.example>', 'A', 'A <a@b.example', 'a@b.example\nBcc: c@d.example'),
  ],
  [
    'PUBLIC_URL',
    'MailOptions',
    'publicUrl',
    same(
      'https://a.example',
      'a.example',
      'ftp://a.example',
      'https://a.example/#b',
      'https://a:b@c.example',
    ),
  ],
  [
    'PUBLIC_RESET_URL',
    'MailOptions',
    'links.reset',
    same('https://a.example/b', '/b', 'https://a:b@c.example'),
  ],
  ['EMAIL_VERIFICATION', 'MailOptions', 'verification', same('off', 'optional', 'required', 'on')],
  ['MAILS_PER_ADDRESS', 'MailOptions', 'perAddress', numbers(0, 1, 10_000, 10_001)],
  ['MAILS_PER_ACCOUNT', 'MailOptions', 'perAccount', numbers(0, 1, 10_000, 10_001)],
  ['MAILS_PER_NETWORK', 'MailOptions', 'perNetwork', numbers(0, 1, 10_000, 10_001)],
  ['SESSION_LIMIT_POLICY', 'SessionsOptions', 'limit.policy', same('evict_oldest', 'ignore')],
];

/** The same of times, of which the variable has other words: a number is one of milliseconds. */
const TIMES: readonly (readonly [
  variable: string,
  owner: string,
  path: string,
  values: readonly number[],
])[] = [
  ['SESSION_DURATION', 'AuthOptions', 'lifetime.absolute', [0, 1, DAY, 9 * DAY]],
  ['SESSION_IDLE_TIMEOUT', 'AuthOptions', 'lifetime.idle', [0, 1, DAY / 2, DAY / 2 + 1]],
  ['SESSION_REMEMBER_DURATION', 'AuthOptions', 'remembered.absolute', [0, 1, 400 * DAY, 400 * DAY + 1]],
  ['SESSION_REMEMBER_IDLE_TIMEOUT', 'AuthOptions', 'remembered.idle', [0, 1, 30 * DAY, 30 * DAY + 1]],
  ['SESSION_SWEEP_INTERVAL', 'SessionsOptions', 'sweepInterval', [0, 1, DAY, DAY + 1]],
  ['KEEP_ALIVE_TIMEOUT', 'HttpOptions', 'keepAliveTimeout', [0, 1, DAY, DAY + 1]],
  ['STORE_TIMEOUT', 'StorageOptions', 'timeout', [0, 1, DAY, DAY + 1]],
  ['AUDIT_RETENTION', 'AuditOptions', 'retention', [0, 1, 9999 * DAY]],
];

/** What is said of a variable or an option; null where it is accepted. */
function saidOf(build: () => unknown): string | null {
  try {
    build();
    return null;
  } catch (error) {
    const [, ...lines] = (error as Error).message.split('\n');
    expect(lines).toHaveLength(1);
    return lines[0]!.trim().replace(/^[^:]*: /, '');
  }
}

/** The same of a variable, without what concerns the course contract and the notation of lists. */
function saidOfVariable(variable: string, text: string, option: string): string | null {
  const said = saidOf(() => loadConfig({ [variable]: text }));
  return (
    said
      ?.replaceAll(variable, option)
      .replace(/, auth$|(; separate several by|, separated by) commas$/, '') ?? null
  );
}

describe('The environment and the options', () => {
  it.each(TWINS)(
    'accept and refuse the same, in the same words: %s and %s.%s',
    (variable, owner, path, pairs) => {
      for (const [text, value] of pairs) {
        const ofEnvironment = saidOfVariable(variable, text, path.split('.').at(-1)!);
        const ofOptions = saidOf(() => new CLASSES[owner]!(optionsWith(owner, path, value)));
        expect([text, ofOptions]).toEqual([text, ofEnvironment]);
      }
    },
  );

  it.each(TIMES)('accept and refuse the same times: %s and %s.%s', (variable, owner, path, values) => {
    for (const value of values) {
      const text = value % 1000 === 0 ? `${value / 1000}` : `${value}ms`;
      const ofEnvironment = saidOfVariable(variable, text, path);
      const ofOptions = saidOf(() => new CLASSES[owner]!(optionsWith(owner, path, value)));
      expect([value, ofOptions !== null]).toEqual([value, ofEnvironment !== null]);
    }
  });

  it('have a default idle limit that any absolute one cuts short', () => {
    const absolute = 45_000;
    expect(loadConfig({ SESSION_DURATION: '45s', SESSION_REMEMBER_DURATION: '45s' }).auth).toMatchObject({
      lifetime: { absolute },
      remembered: { absolute },
    });
    expect(new AuthOptions({ lifetime: { absolute }, remembered: { absolute } }).lifetime.absolute).toBe(
      absolute,
    );
  });
});

describe('A module', () => {
  const MODULES: Readonly<
    Record<
      string,
      {
        readonly forRoot: (given: object) => DynamicModule;
        readonly forRootAsync: (given: { useFactory: () => object }) => DynamicModule;
      }
    >
  > = {
    AuthOptions: AuthModule,
    UsersOptions: UsersModule,
    SessionsOptions: SessionsModule,
    StorageOptions: StorageModule,
    AuditOptions: AuditModule,
    MailOptions: MailModule,
  };
  const BESIDE = new Set(['type', 'strategies', 'global', 'routes', 'without']);

  const start = (module: DynamicModule) =>
    NestFactory.createApplicationContext(
      { module: class HostModule {}, imports: [module] },
      { logger: false, abortOnError: false },
    );

  const rows = CASES.filter(([owner]) => Object.hasOwn(MODULES, owner));

  it.each(rows)('does not take bad options: %s.%s', async (owner, path, values) => {
    const { forRoot, forRootAsync } = MODULES[owner]!;
    const given = optionsWith(owner, path, values[0]);
    expect(() => forRoot(given)).toThrow(`Bad ${owner}:\n  ${path}`);
    const made = BESIDE.has(path)
      ? { useFactory: () => ({ ...REQUIRED[owner] }), ...optionsWith('', path, values[0]) }
      : { useFactory: () => given };
    const starting = async () => start(forRootAsync(made));
    await expect(starting()).rejects.toThrow(`Bad ${owner}:\n  ${path}`);
  });

  it.each(Object.entries(MODULES))('asks its factory for an object: %s', async (owner, { forRootAsync }) => {
    for (const made of [undefined, null, 'x', []])
      await expect(start(forRootAsync({ useFactory: () => made as unknown as object }))).rejects.toThrow(
        `Bad ${owner}:\n  useFactory must return an object`,
      );
  });

  it.each([
    ['AuthOptions', 'type', 'basic_auth'],
    ['AuthOptions', 'strategies', { own: BasicAuth }],
    ['AuthOptions', 'global', false],
    ['AuthOptions', 'routes', false],
    ['UsersOptions', 'routes', false],
    ['AuditOptions', 'routes', false],
    ['MailOptions', 'routes', false],
    ['StorageOptions', 'without', ['users']],
  ])('has beside its factory what decides its routes and providers: %s.%s', async (owner, name, value) => {
    const module = MODULES[owner]!.forRootAsync({ useFactory: () => ({ [name]: value }) });
    await expect(start(module)).rejects.toThrow(`${name}: give it beside useFactory`);
  });
});
