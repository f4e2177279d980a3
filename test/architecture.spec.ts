import { readFileSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = '(root)';

/** Which folders of `src` each may import. The files beside them compose the whole and may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  common: [],
  audit: ['common'],
  mail: ['common', 'audit'],
  throttle: ['common'],
  users: ['common', 'audit', 'throttle', 'mail'],
  sessions: ['common', 'audit'],
  auth: ['common', 'audit', 'throttle', 'users', 'mail', 'sessions'],
  factors: ['common', 'audit', 'throttle', 'users', 'mail', 'sessions', 'auth'],
  http: ['common', 'audit', 'throttle', 'users', 'mail', 'sessions', 'auth', 'factors'],
  storage: ['common', 'audit', 'throttle', 'users', 'mail', 'sessions', 'auth', 'factors'],
  server: [
    'common',
    'audit',
    'throttle',
    'users',
    'mail',
    'sessions',
    'auth',
    'factors',
    'http',
    'storage',
    ROOT,
  ],
  compat: [
    'common',
    'audit',
    'throttle',
    'users',
    'mail',
    'sessions',
    'auth',
    'factors',
    'http',
    'storage',
    'server',
    ROOT,
  ],
  testing: ['common', 'audit', 'throttle', 'users', 'mail', 'sessions', 'auth', 'factors', 'storage'],
};

/** Packages that only one place knows, or few. */
const PINNED: Readonly<Record<string, string | readonly string[]>> = {
  kysely: 'storage/sql',
  'better-sqlite3': 'storage/sql',
  pg: 'storage/sql',
  '@redis/client': 'storage/redis',
  bcrypt: 'users/passwords',
  '@node-rs/argon2': 'users/passwords',
  piscina: 'users/passwords',
  cookie: 'auth/carriers',
  'cookie-parser': 'auth/carriers',
  bowser: 'common/device.ts',
  nodemailer: 'mail/smtp',
  negotiator: ['mail/language.ts', 'server/pages'],
  otpauth: 'factors/authenticator-apps.ts',
  uqr: 'factors/authenticator-apps.ts',
  '@simplewebauthn/server': 'factors',
  'ipaddr.js': ['common/network.ts', 'server/http'],
  'raw-body': 'http',
  '@fastify/busboy': 'compat/alx',
  'prom-client': 'server/metrics',
  '@opentelemetry/api': 'common/tracing.ts',
  pino: 'server/logging',
  'pino-pretty': 'server/logging',
  'fastest-levenshtein': ['server/config', 'storage/store-url', 'common/options.ts'],
  commander: ['cli.ts', 'server/commands'],
  'cli-progress': 'cli.ts',
  cors: 'server/create-app.ts',
  '@nestjs/platform-express': 'server/http/json-express.adapter.ts',
  '@nestjs/platform-fastify': 'server/http/json-fastify.adapter.ts',
  '@nestjs/swagger': ['http/api-description.ts', 'http/api-pages.ts'],
};

const IMPORT = /^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

interface Import {
  readonly file: string;
  readonly target: string;
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));
const imports: Import[] = files
  .filter((file) => !file.endsWith('.spec.ts'))
  .flatMap((file) =>
    [...readFileSync(join('src', file), 'utf8').matchAll(IMPORT)].map((match) => ({
      file,
      target: match[1] ?? match[2] ?? match[3] ?? '',
    })),
  );
const ours = imports
  .filter(({ target }) => target.startsWith('.'))
  .map(({ file, target }) => ({
    file,
    target: posix.join(posix.dirname(file), target).replace(/\.js$/, '.ts'),
  }));

const folderOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : ROOT);

describe('The layout', () => {
  it('has the folders of the table and no other', () => {
    expect(new Set(files.map(folderOf))).toEqual(new Set([ROOT, ...Object.keys(MAY_IMPORT)]));
  });

  it('has imports to look at', () => {
    expect(ours.length).toBeGreaterThan(100);
    expect(ours.filter(({ target }) => !files.includes(target))).toEqual([]);
  });

  it.each(Object.entries(MAY_IMPORT))('%s imports %j alone', (folder, allowed) => {
    const strays = ours.filter(
      ({ file, target }) => folderOf(file) === folder && ![folder, ...allowed].includes(folderOf(target)),
    );
    expect(strays).toEqual([]);
  });

  it.each(Object.entries(PINNED))('%s is known in %s alone', (name, places) => {
    const users = imports.filter(({ target }) => target === name || target.startsWith(`${name}/`));
    expect(users.length).toBeGreaterThan(0);
    const isAt = (file: string) => [places].flat().some((place) => file.startsWith(place));
    expect(users.filter(({ file }) => !isAt(file))).toEqual([]);
  });

  it('has compat imported by the entry points alone', () => {
    const importers = ours.filter(({ target }) => folderOf(target) === 'compat').map(({ file }) => file);
    expect(new Set(importers.filter((file) => folderOf(file) !== 'compat'))).toEqual(
      new Set(['cli.ts', 'main.ts']),
    );
  });

  it('has no HTTP in sessions, users, audit, throttle and mail', () => {
    const pure = new Set(['sessions', 'users', 'audit', 'throttle', 'mail']);
    const strays = imports.filter(
      ({ file, target }) => pure.has(folderOf(file)) && /^express(\/|$)|\/(http|server)\//.test(target),
    );
    expect(strays).toEqual([]);
  });

  it('names the course contract in compat, at the entry points and where its variable is read', () => {
    const named = files.filter(
      (file) =>
        folderOf(file) !== 'compat' &&
        /\balx|ALX_|Alx/.test(readFileSync(join('src', file), 'utf8')) &&
        !file.endsWith('.spec.ts'),
    );
    expect(named.toSorted()).toEqual([
      'cli.ts',
      'main.ts',
      'server/config/environment.ts',
      'server/config/standard-rules.ts',
    ]);
    const speaking = files.filter((file) => /dialect/i.test(readFileSync(join('src', file), 'utf8')));
    expect(speaking.filter((file) => !file.startsWith('storage/sql/'))).toEqual([]);
  });

  it('has no circular imports', () => {
    const next = new Map(
      files.map((file) => [file, ours.filter((one) => one.file === file).map((one) => one.target)]),
    );
    const isOnCircle = (file: string): boolean => {
      const seen = new Set<string>();
      const queue = [...(next.get(file) ?? [])];
      for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
        if (one === file) return true;
        if (!seen.has(one)) queue.push(...(next.get(one) ?? []));
        seen.add(one);
      }
      return false;
    };
    expect(files.filter(isOnCircle)).toEqual([]);
  });

  it('has no barrel but those that are published', () => {
    expect(files.filter((file) => /(^|\/)index\.ts$/.test(file)).toSorted()).toEqual([
      'compat/alx/index.ts',
      'index.ts',
      'server/index.ts',
      'testing/index.ts',
    ]);
  });

  it('asks the machine for the time in one place, and for its variables in the entry points', () => {
    const users = (pattern: RegExp) =>
      files
        .filter((file) => !file.endsWith('.spec.ts') && pattern.test(readFileSync(join('src', file), 'utf8')))
        .toSorted();
    expect(users(/new Date\(\)|Date\.now\(\)/)).toEqual(['common/clock.ts']);
    expect(users(/process\.env/)).toEqual(['cli.ts', 'main.ts']);
  });

  it('reveals a token to a cookie, to the body of an answer and to an operator alone', () => {
    const users = files
      .toSorted()
      .filter(
        (file) => !file.endsWith('.spec.ts') && /\.reveal\(\)/.test(readFileSync(join('src', file), 'utf8')),
      );
    expect(users).toEqual([
      'auth/carriers/cookie-carrier.ts',
      'auth/carriers/with-token.ts',
      'auth/pending-sign-ins.ts',
      'cli.ts',
      'http/api/passwords/password-reset.controller.ts',
      'users/mails/account-mails.ts',
    ]);
  });
});
