import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import { RouteTable } from '../src/http/route-table.js';
import { PASSWORD, TestApp, Visitor, basic } from './support/app.js';
import { Server, newFolder, makeDatabase, operate } from './support/server.js';
import { Wire, type WireAnswer, requestOf } from './support/wire.js';

const API = '/api/v1';
const OPEN = `${API}/status`;
const ADMIN = 'admin@example.com';
const ANN = 'ann@example.com';

/** Every method that means something to somebody, and one that does to nobody. */
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'QUERY',
  'BREW',
] as const;

/** What would leave a mark if it ever got through. */
const BODIES: Readonly<Record<string, string>> = {
  POST: JSON.stringify({ email: 'mallory@example.com', password: PASSWORD }),
  PUT: JSON.stringify({ first_name: 'Mallory' }),
  PATCH: JSON.stringify({ label: 'Mallory' }),
};

/** How many connections ask at a time. */
const LANES = 16;

/** Ways to write a path that some part of some server takes for the path itself. */
function spellingsOf(path: string): string[] {
  const tail = path.slice(API.length);
  const slash = path.lastIndexOf('/');
  const [parent, last] = [path.slice(0, slash), path.slice(slash + 1)];
  const [letter = ''] = last;
  const encode = (text: string) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const withLast = (text: string) => `${parent}/${text}`;
  const withLetter = (text: string) => withLast(text + last.slice(1));
  const code = letter.charCodeAt(0);
  const overlong = [
    [0xc0 | (code >> 6), 0x80 | (code & 0x3f)],
    [0xe0, 0x80 | (code >> 6), 0x80 | (code & 0x3f)],
    [0xf0, 0x80, 0x80 | (code >> 6), 0x80 | (code & 0x3f)],
  ].map((bytes) => bytes.map((byte) => `%${byte.toString(16)}`).join(''));
  const wide = String.fromCodePoint(code + 0xfee0);
  const latin1 = (text: string) => Buffer.from(text).toString('latin1');
  return [
    path,
    // Slashes.
    ...['/', '//', '///', '/?', '//?x'].map((end) => path + end),
    ...['/', '//', '///', '\\', '/\\'].map((start) => start + path),
    path.replaceAll('/', '//'),
    `${parent}//${last}`,
    `${API}//${tail}`,
    // Dots.
    ...['/.', '/..', '/./', '/../', '/.;/', '/..;/', '/%2e', '/%2e%2e'].map((end) => path + end),
    ...['/.', '/..', '/x/..', '/%2e', '/%2e%2e', '/..;'].map((start) => start + path),
    `${parent}/./${last}`,
    `${parent}/x/../${last}`,
    ...['/..', '/%2e%2e', '/.%2e', '/..%00', ';/..', '/..;', '/%252e%252e', '%2f..', '\\..'].map(
      (up) => OPEN + up + tail,
    ),
    `${OPEN}/..%2f${tail.slice(1)}`,
    `${OPEN}/..%5c${tail.slice(1)}`,
    // Percents.
    withLetter(encode(letter)),
    withLast(encode(last)),
    path.replaceAll(/[a-z]/g, encode),
    encode(path).replace('%2f', '/'),
    `${parent}%2f${last}`,
    `${parent}%2F${last}`,
    `/${path.slice(1).replaceAll('/', '%2f')}`,
    `${parent}%252f${last}`,
    `${parent}%25%32%66${last}`,
    withLetter(`%25${encode(letter).slice(1)}`),
    withLetter(`%2525${encode(letter).slice(1)}`),
    withLetter(`%u00${code.toString(16)}`),
    ...['%', '%2', '%zz', '%ff', '%c0', '%u0000', '%f8%80%80%80'].map((end) => path + end),
    // Backslashes.
    `${parent}\\${last}`,
    path.replaceAll('/', '\\'),
    `${parent}%5c${last}`,
    `${parent}%5C${last}`,
    // Semicolons.
    ...[';', ';x', ';x=1', ';a=b;c=d', '%3b', '%3bx', ';/', ';/x', ';.css', '%3b.css'].map(
      (end) => path + end,
    ),
    `${API};x${tail}`,
    `${parent};x=1/${last}`,
    // Case.
    path.toUpperCase(),
    API.toUpperCase() + tail,
    withLast(last.toUpperCase()),
    withLetter(letter.toUpperCase()),
    // Ends that caches take for those of files.
    ...['.css', '.json', '.html', '.js', '.', '..', '/x.css', '%2fx.css', '/..%2fx.css', '/.css'].map(
      (end) => path + end,
    ),
    ...[
      '?x.css',
      '?.css',
      '%3f.css',
      '%23.css',
      '%00.css',
      '%0a.css',
      '#x.css',
      '&x.css',
      '/%2e%2e/x.css',
    ].map((end) => path + end),
    // Controls and blanks.
    ...['%00', '%20', '%09', '%0a', '%0d%0a', '%0d%0aX-Injected:%20yes', '%7f', '%a0', '%c2%a0', '+'].map(
      (end) => path + end,
    ),
    ...['\0', ' ', '\t', '\x7f', '\xa0', ' HTTP/1.1'].map((end) => path + end),
    ...['%00', '%20', '%09', '\xa0'].map((start) => `/${start}${path}`),
    // Overlong forms of UTF-8, and characters that look alike.
    ...overlong.map(withLetter),
    `${parent}%c0%af${last}`,
    `${parent}%e0%80%af${last}`,
    `${parent}/%c0%ae%c0%ae/${last}/${last}`,
    withLetter(encode(wide)),
    withLetter(latin1(wide)),
    ...['\uff0f', '\u2044', '\u2215', '\u29f8'].flatMap((alike) => [
      `${parent}${encode(alike)}${last}`,
      `${parent}${latin1(alike)}${last}`,
    ]),
    withLast(`${encode('\u200b')}${last}`),
    withLast(`${last}${encode('\u0338')}`),
    // Queries and fragments.
    ...[
      '?',
      '??',
      '?a=b',
      '?/../status',
      `?path=${OPEN}`,
      '?_method=GET',
      '?%00',
      '?sid=x',
      '?__proto__=x',
    ].map((end) => path + end),
    ...['#', `#${OPEN}`, `#/../..${OPEN}`, '%3f', '%23', '&', '%26x=1'].map((end) => path + end),
    // Whole addresses.
    ...[
      'http://localhost',
      'HTTP://LOCALHOST',
      'https://localhost',
      'http://evil.example',
      'http://localhost:80',
      'http://ann:pass@localhost',
      'http://[::1]',
      'http://localhost/',
      'ftp://localhost',
      'http:',
      'http:/',
      'x:',
      '//localhost',
      '///localhost',
      '//evil.example:80',
      '/http://localhost',
    ].map((start) => start + path),
    `http://localhost${OPEN}/..${tail}`,
    `*${path}`,
    `.${path}`,
    path.slice(1),
  ];
}

/** Headers by which some server or proxy is talked into another path, method, address or user. */
const TALKS: readonly (readonly [name: string, value: string])[] = [
  ...['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-URI', 'X-Forwarded-Path', 'X-Forwarded-Prefix'].map(
    (name) => [name, OPEN] as const,
  ),
  ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'].flatMap((name) => [
    [name, 'GET'] as const,
    [name, 'OPTIONS'] as const,
  ]),
  ['X-Middleware-Subrequest', 'middleware:middleware:middleware:middleware:middleware'],
  ['X-Middleware-Subrequest', 'src/middleware:nowaf:src/middleware:src/middleware'],
  ...['X-Forwarded-For', 'X-Real-IP', 'X-Client-IP', 'X-Originating-IP', 'X-Custom-IP-Authorization'].map(
    (name) => [name, '127.0.0.1'] as const,
  ),
  ['Forwarded', 'for=127.0.0.1;proto=https'],
  ['X-Forwarded-Host', 'localhost'],
  ['X-Forwarded-Proto', 'https'],
  ...['Remote-User', 'X-Remote-User', 'X-Forwarded-User', 'X-Auth-User', 'X-User', 'X-WebAuth-User'].map(
    (name) => [name, ADMIN] as const,
  ),
  ['X-User-Role', 'admin'],
  ['Cookie', 'admin=true; role=admin; user=admin'],
  ['Authorization', basic(ADMIN)['authorization']!],
  ['Proxy-Authorization', basic(ADMIN)['authorization']!],
  ['Authorization', 'Bearer null'],
  ['Authorization', ''],
  ['Connection', 'close, Authorization, Cookie'],
  ['Upgrade', 'h2c'],
  ['Expect', '100-continue'],
  ['Referer', 'http://localhost/'],
  ['Origin', 'http://localhost'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Access-Control-Request-Method', 'GET'],
  ['Purpose', 'prefetch'],
  ['X-Purpose', 'preview'],
  ['Range', 'bytes=0-10'],
  ['If-None-Match', '*'],
];

describe.each(['standard', 'alx'])('Under AUTH_COMPAT=%s, a protected path', (dialect) => {
  const folder = newFolder();
  const AUTH_TYPE = dialect === 'alx' ? 'session_db_auth' : 'session_db_auth,token_auth';
  const variables = { AUTH_COMPAT: dialect, AUTH_TYPE, ALLOWED_HOSTS: 'evil.example', LOG_LEVEL: 'warn' };
  let server: Server;
  let admin: Visitor;
  let annId: string;
  let paths: string[];

  beforeAll(async () => {
    const create = ['user', 'create', '--json', '--password-stdin', '--email'];
    await makeDatabase(folder);
    await operate(folder, [...create, ADMIN, '--role', 'admin'], { input: PASSWORD });
    const { stdout } = await operate(folder, [...create, ANN], { input: PASSWORD });
    annId = (JSON.parse(stdout) as { id: string }).id;
    server = await Server.start(folder, variables);
    admin = new Visitor(server.url + API, {});
    const credentials = { email: ADMIN, password: PASSWORD };
    await admin.post(
      '/auth_session/login',
      dialect === 'alx' ? new URLSearchParams(credentials) : credentials,
    );
    paths = await protectedPaths();
  });

  afterAll(() => server.stop());

  /** As the decorators on the controllers have it. */
  async function protectedPaths(): Promise<string[]> {
    const app = await TestApp.start({ AUTH_TYPE, AUTH_COMPAT: dialect });
    const { routes } = new RouteTable(app.nest.get(ModulesContainer), API);
    await app.stop();
    const closed = routes.filter(({ access }) => access !== 'public').map(({ path }) => path);
    return [...new Set(closed)].map((path) => {
      const mine = path.replace(
        /(\/sessions\/):\w+/,
        `$1${admin.cookie!.slice('sid='.length).split('.')[0]}`,
      );
      return mine.replace(':id', annId);
    });
  }

  /** What would be another if anybody got through: who there is, and the one session that there is. */
  async function marks(): Promise<unknown> {
    const { body: users } = await admin.get('/users');
    const { body: sessions } = await admin.get('/sessions');
    return { users, sessions: sessions.map(({ id, label }: { id: string; label: string }) => [id, label]) };
  }

  interface Attempt {
    readonly method: string;
    readonly target: string;
    readonly headers: readonly (readonly [string, string])[];
  }

  /** Sends all of them and names those whose answer is not as it has to be. */
  async function strays(
    attempts: readonly Attempt[],
    isFine: (answer: WireAnswer | null, attempt: Attempt) => boolean,
  ): Promise<string[]> {
    const queue = [...attempts];
    const found: string[] = [];
    const lane = async () => {
      const wire = new Wire(server.url);
      for (let one = queue.pop(); one; one = queue.pop()) {
        const { method, target, headers } = one;
        const body = BODIES[method];
        const type = body === undefined ? [] : [['Content-Type', 'application/json'] as const];
        const answer = await wire.ask(requestOf(method, target, [...type, ...headers], body), method);
        if (!isFine(answer, one))
          found.push(
            `${method} ${target} ${headers.join()} → ${answer?.status ?? 'no answer'} ${answer?.body}`,
          );
      }
      wire.close();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return found;
  }

  const everyMethod = (target: string, headers: Attempt['headers'] = []): Attempt[] =>
    METHODS.map((method) => ({ method, target, headers }));

  it('has at least 60 spellings', () => {
    expect(paths).toEqual(
      expect.arrayContaining([`${API}/users/me`, `${API}/users/${annId}`, `${API}/stats`, `${API}/sessions`]),
    );
    for (const path of paths) expect(new Set(spellingsOf(path)).size).toBeGreaterThan(150);
  });

  it('refuses requests without a credential in every spelling, by every method', async () => {
    const before = await marks();
    const attempts = paths.flatMap((path) => spellingsOf(path).flatMap((target) => everyMethod(target)));
    expect(await strays(attempts, refuses)).toEqual([]);
    expect(await marks()).toEqual(before);
  });

  it('refuses requests without a credential, whatever a header says', async () => {
    const before = await marks();
    const attempts = paths.flatMap((path) => TALKS.flatMap((talk) => everyMethod(path, [talk])));
    expect(await strays(attempts, refuses)).toEqual([]);
    expect(await marks()).toEqual(before);
  });

  it('is not served in the place of a public one that a query, a fragment or a header hides it behind', async () => {
    const before = await marks();
    const hidden = paths
      .flatMap((path) => [`${OPEN}?/..${path}`, `${OPEN}#/..${path}`])
      .flatMap((target) => everyMethod(target));
    const renamed = TALKS.filter(([, value]) => value === OPEN).flatMap(([name]) =>
      paths.flatMap((path) => everyMethod(OPEN, [[name, path]])),
    );
    const isFine = (answer: WireAnswer | null, attempt: Attempt) =>
      isOpen(answer) || refuses(answer, attempt);
    expect(await strays(hidden.concat(renamed), isFine)).toEqual([]);
    expect(await marks()).toEqual(before);
  });

  it('is reached by some of these spellings when signed in', async () => {
    const token: Attempt['headers'] = [['Cookie', admin.cookie!]];
    const attempts = spellingsOf(`${API}/users/me`).map((target) => ({
      method: 'GET',
      target,
      headers: token,
    }));
    const others = await strays(attempts, (answer) => answer?.status === 200);
    expect(attempts.length - others.length).toBeGreaterThan(15);
    expect(
      await strays(attempts, (answer) => [200, 400, 401, 404, 421].includes(answer?.status ?? 0)),
    ).toEqual([]);
  });

  it('leaves nothing in the log that is a fault of the server', () => {
    expect(server.output()).not.toMatch(/internal_error|store_unavailable/);
  });
});

/** That nobody was let in: a refusal, or the methods of a path that anyone may be told, or no tunnel at all. */
function refuses(answer: WireAnswer | null, { method }: { readonly method: string }): boolean {
  if (method === 'CONNECT') return answer === null || answer.status === 400;
  if (answer === null || answer.headers.has('x-injected') || answer.headers.has('set-cookie')) return false;
  if (method === 'OPTIONS' && answer.status === 204) return answer.body === '';
  if (method === 'HEAD') return [400, 401, 403, 421].includes(answer.status) && answer.body === '';
  const { error } = JSON.parse(answer.body) as { error?: unknown };
  return (
    [400, 401, 403, 421].includes(answer.status) && typeof error === 'string' && !answer.body.includes('@')
  );
}

/** The answer of the one public path that the others are hidden behind. */
function isOpen(answer: WireAnswer | null): boolean {
  return answer?.status === 405 || (answer?.status === 200 && ['', '{"status":"OK"}'].includes(answer.body));
}
