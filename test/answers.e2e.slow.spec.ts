import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Public, UsersService, identityOf } from 'coatcheck';
import { aSignInSource } from 'coatcheck/testing';
import { RouteTable } from '../src/http/route-table.js';
import { type Answer, PASSWORD, TestApp, type Visitor } from './support/app.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  MFA: 'off',
  PASSWORD_HASH_COST: '10',
  API_DOCS: 'on',
  REGISTRATION: 'open',
};
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const ON_EVERY_ANSWER = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const ATTRIBUTES = ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'];

@Controller('broken')
class BrokenController {
  @Get()
  @Public()
  broken() {
    throw new Error('This breaks.');
  }
}

describe('In production every answer', () => {
  let app: TestApp;
  let root: Visitor;
  let other: TestApp | null = null;

  beforeAll(async () => {
    app = await TestApp.start(PRODUCTION, { controllers: [BrokenController] });
    root = app.visitor();
    await app.addUser('root@example.com', 'admin');
    await root.login('root@example.com');
  });

  afterAll(() => app.stop());

  afterEach(async () => {
    await other?.stop();
    other = null;
  });

  /** The answer to bytes, whatever they are. */
  async function raw(bytes: string): Promise<Omit<Answer, 'next'>> {
    const socket = connect(Number(new URL(app.root).port), '127.0.0.1');
    socket.end(bytes);
    const [top = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    const [line = '', ...fields] = top.split('\r\n');
    const headers = new Headers(fields.map((field) => field.split(': ', 2) as [string, string]));
    return { status: Number(line.split(' ')[1]), headers, body };
  }

  const json = { 'content-type': 'application/json' };
  const newcomer = { email: 'new@example.com', password: PASSWORD };
  const host = 'Host: localhost\r\nConnection: close\r\n';

  it.each<readonly [status: number, what: string, ask: () => Promise<Omit<Answer, 'next'>>]>([
    [200, 'read', () => root.get('/users/me')],
    [200, 'public', () => app.visitor().get('/status')],
    [200, 'signed in', () => app.visitor().login('root@example.com')],
    [201, 'made', () => app.visitor().post('/users', newcomer)],
    [204, 'asked for methods', () => root.send('OPTIONS', '/stats')],
    [400, 'malformed JSON', () => app.visitor().send('POST', '/auth_session/login', '{', json)],
    [400, 'not HTTP', () => raw('nonsense\r\n\r\n')],
    [400, 'without a host', () => raw('GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n\r\n')],
    [401, 'a stranger', () => app.visitor().get('/users/me')],
    [401, 'nowhere', () => app.visitor().get('/nowhere')],
    [401, 'a token that is no good', () => app.visitor({ cookie: '__Host-sid=x' }).get('/users/me')],
    [403, 'another site', () => app.visitor({ origin: 'null' }).login('root@example.com')],
    [403, 'on show', () => app.visitor().get('/forbidden')],
    [403, 'signed in a while ago', () => (app.clock.advance(5 * MINUTE + 1), root.delete('/sessions'))],
    [404, 'nowhere for a user', () => root.get('/nowhere')],
    [404, 'a path that cannot be read', () => root.get('/%ff')],
    [404, 'no file of the page', () => root.get('/docs/nothing.html')],
    [405, 'a wrong method', () => app.visitor().get('/auth_session/login')],
    [409, 'taken', () => app.visitor().post('/users', { ...newcomer, email: 'root@example.com' })],
    [413, 'too large', () => app.visitor().post('/auth_session/login', { email: 'x'.repeat(20_000) })],
    [415, 'text', () => app.visitor().send('POST', '/auth_session/login', 'text')],
    [417, 'an expectation', () => raw(`POST / HTTP/1.1\r\n${host}Expect: x\r\n\r\n`)],
    [431, 'long headers', () => raw(`GET / HTTP/1.1\r\n${host}A: ${'x'.repeat(20_000)}\r\n\r\n`)],
    [500, 'a fault of ours', () => app.visitor().get('/broken')],
  ])('of status %i has the same headers, and tells nothing of software: %s', async (status, _, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject(ON_EVERY_ANSWER);
    expect(answer.headers.get('vary')).toMatch(/^Cookie(, Origin, Sec-Fetch-Site)?$/);
    expect(answer.headers.get('content-type') ?? 'none').toMatch(
      status === 204 ? /^none$/ : /^application\/(problem\+)?json$/,
    );
    for (const name of ['etag', 'last-modified', 'server', 'x-powered-by', 'access-control-allow-origin'])
      expect([name, answer.headers.get(name)]).toEqual([name, null]);
  });

  it('of status 503 has them too, and leaves the token alone', async () => {
    other = await TestApp.start(PRODUCTION);
    await other.closeStores();
    const { status, headers } = await other.visitor({ cookie: root.cookie! }).get('/users/me');
    expect([status, headers.get('set-cookie')]).toEqual([503, null]);
    expect(Object.fromEntries(headers)).toMatchObject(ON_EVERY_ANSWER);
  });

  it('but the page of the API allows nothing, and that what it is made of', async () => {
    for (const path of ['/docs', '/docs/', '/api/v1/docs']) {
      const { status, headers } = await fetch(app.root + path);
      expect(status).toBe(200);
      expect(Object.fromEntries(headers)).toMatchObject({
        ...ON_EVERY_ANSWER,
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      });
    }
  });

  it('in development has all of them but for HSTS', async () => {
    other = await TestApp.start();
    const { headers } = await other.visitor().get('/status');
    const { 'strict-transport-security': _, ...others } = ON_EVERY_ANSWER;
    expect(Object.fromEntries(headers)).toMatchObject(others);
    expect(headers.get('strict-transport-security')).toBeNull();
  });
});

describe.each(['standard', 'alx'] as const)('The cookie in %s', (dialect) => {
  let app: TestApp;

  beforeAll(async () => {
    const { REGISTRATION: _, API_DOCS: __, ...production } = PRODUCTION;
    app = await TestApp.start({ ...production, AUTH_COMPAT: dialect, SESSION_DURATION: '3600' });
  });

  afterAll(() => app.stop());

  const cookiesOf = ({ headers }: Answer) => headers.getSetCookie();
  const EXPIRED = ['__Host-sid=', 'Path=/', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT', ...ATTRIBUTES.slice(1)];
  const partsOf = (cookie: string | undefined) => cookie?.split('; ').toSorted();

  let number = 0;
  async function newcomer(role: 'user' | 'admin' = 'user') {
    const email = `user-${(number += 1)}@example.com`;
    const { id } = await app.addUser(email, role);
    const visitor = app.visitor();
    const login = await visitor.send(
      'POST',
      '/auth_session/login',
      dialect === 'alx' ? new URLSearchParams({ email, password: PASSWORD }) : { email, password: PASSWORD },
    );
    return { id, email, visitor, login };
  }

  /** That an answer takes the cookie back, in the dialect that does so. */
  function takesBack(answer: Answer): void {
    const expected = dialect === 'standard' ? [EXPIRED.toSorted()] : [];
    expect(cookiesOf(answer).map(partsOf)).toEqual(expected);
  }

  it('is for this host alone, for HTTPS, for no script and for no other site’s form', async () => {
    const { login } = await newcomer();
    const [cookie, ...others] = cookiesOf(login);
    expect(others).toEqual([]);
    const [token, ...attributes] = cookie!.split('; ');
    expect(token).toMatch(/^__Host-sid=[\w-]{22}\.[\w-]{43}$/);
    expect(attributes.toSorted()).toEqual(ATTRIBUTES.toSorted());
    expect(cookie!.length).toBeLessThan(256);
  });

  it('is another one after the password has changed, and one alone', async () => {
    const { visitor } = await newcomer();
    const before = visitor.cookie;
    const change = { current_password: PASSWORD, new_password: 'another good password' };
    const failed = await visitor.put('/users/me/password', { ...change, current_password: 'wrong' });
    expect([failed.status, cookiesOf(failed)]).toEqual([403, []]);
    const changed = await visitor.put('/users/me/password', change);
    expect([changed.status, cookiesOf(changed).length]).toEqual([200, 1]);
    expect(visitor.cookie).not.toBe(before);
    expect((await visitor.get('/users/me')).status).toBe(200);
    expect(cookiesOf(await visitor.get('/users/me'))).toEqual([]);
  });

  it('is another one after the password was proven anew, and as long as that says where it is remembered', async () => {
    const { visitor, email } = await newcomer();
    const before = visitor.cookie;
    const failed = await visitor.post('/sessions/current/reauthenticate', { password: 'wrong' });
    expect([failed.status, cookiesOf(failed)]).toEqual([403, []]);
    const proven = await visitor.post('/sessions/current/reauthenticate', { password: PASSWORD });
    expect(visitor.cookie).not.toBe(before);
    expect(cookiesOf(proven).map((cookie) => partsOf(cookie)?.slice(0, -1))).toEqual([ATTRIBUTES.toSorted()]);
    expect((await app.visitor({ cookie: before! }).get('/users/me')).status).toBe(
      dialect === 'alx' ? 403 : 401,
    );
    if (dialect === 'alx') return;
    const login = await visitor.post('/auth_session/login', { email, password: PASSWORD, remember: true });
    app.clock.advance(MINUTE);
    const again = await visitor.post('/sessions/current/reauthenticate', { password: PASSWORD });
    for (const answer of [login, again]) {
      const [, ...attributes] = cookiesOf(answer)[0]!.split('; ');
      const lasting = ['Max-Age=2592000', expect.stringMatching(/^Expires=.+ GMT$/), ...ATTRIBUTES];
      expect(attributes).toHaveLength(lasting.length);
      expect(attributes).toEqual(expect.arrayContaining(lasting));
    }
  });

  it('is taken back at sign-out with the browser’s cache, and not where there is nothing to end', async () => {
    const { visitor } = await newcomer();
    const cookie = visitor.cookie!;
    const answer = await visitor.delete('/auth_session/logout');
    expect(answer.status).toBe(200);
    takesBack(answer);
    const cleared = dialect === 'standard' ? '"cache"' : null;
    expect(answer.headers.get('clear-site-data')).toBe(cleared);
    const again = await app.visitor({ cookie }).delete('/auth_session/logout');
    takesBack(again);
    expect(again.headers.get('clear-site-data')).toBeNull();
    expect(cookiesOf(await app.visitor().delete('/auth_session/logout'))).toEqual([]);
  });

  it.each([
    ['off', null],
    ['storage', '"storage"'],
    ['cache,storage', '"cache", "storage"'],
  ])('is taken back with what CLEAR_SITE_DATA=%s names', async (setting, expected) => {
    const own = await TestApp.start({ CLEAR_SITE_DATA: setting, AUTH_COMPAT: dialect });
    await own.addUser('ann@example.com');
    const visitor = own.visitor();
    const form = new URLSearchParams({ email: 'ann@example.com', password: PASSWORD });
    await (dialect === 'alx' ? visitor.post('/auth_session/login', form) : visitor.login('ann@example.com'));
    const { status, headers } = await visitor.delete('/auth_session/logout');
    await own.stop();
    const cleared = dialect === 'standard' ? expected : null;
    expect([status, headers.get('clear-site-data')]).toEqual([200, cleared]);
  });

  it.each<readonly [why: string, end: (of: Awaited<ReturnType<typeof newcomer>>) => Promise<unknown>]>([
    ['its time is over', () => Promise.resolve(app.clock.advance(HOUR))],
    ['its user is disabled', ({ id }) => app.nest.get(UsersService).update(id, { disabled: true })],
    ['its user is gone', ({ id }) => app.nest.get(UsersService).remove(id)],
    [
      'the password has changed elsewhere',
      async ({ id }) => {
        const users = app.nest.get(UsersService);
        await users.passwords.change(
          identityOf((await users.find(id))!),
          PASSWORD,
          'another good password',
          aSignInSource(),
        );
      },
    ],
  ])('is taken back when %s', async (_, end) => {
    const one = await newcomer();
    await end(one);
    const { cookie } = one.visitor;
    for (const path of ['/users/me', '/nowhere']) {
      const answer = await app.visitor({ cookie: cookie! }).get(path);
      expect(answer.status).toBe(dialect === 'alx' ? 403 : 401);
      takesBack(answer);
    }
  });

  it('is left alone where it is another’s, and where a sign-in fails', async () => {
    expect(cookiesOf(await app.visitor({ cookie: 'other=1; sid=2' }).get('/users/me'))).toEqual([]);
    const { visitor } = await newcomer();
    const wrong = { email: 'nobody@example.com', password: 'wrong' };
    const body = dialect === 'alx' ? new URLSearchParams(wrong) : wrong;
    const failed = await visitor.send('POST', '/auth_session/login', body);
    expect([failed.status >= 400, cookiesOf(failed)]).toEqual([true, []]);
    expect((await visitor.get('/users/me')).status).toBe(200);
  });

  it('is set at most once in an answer, on every route and for every client', async () => {
    const { routes } = new RouteTable(app.nest.get(ModulesContainer), '');
    expect(routes.length).toBeGreaterThan(12);
    const readers = [await newcomer('admin'), await newcomer()] as const;
    for (const { method, path } of routes) {
      const [ann, ben] = method === 'GET' ? readers : [await newcomer('admin'), await newcomer()];
      const [mine] = ann.visitor.cookie!.slice('__Host-sid='.length).split('.');
      const here = path.replace(/^(\/sessions\/):id/, `$1${mine}`).replace(':id', ben.id);
      const cookies = [
        ann.visitor.cookie!,
        `${ben.visitor.cookie}; ${ben.visitor.cookie}`,
        '__Host-sid=unknown',
        '__Host-sid=',
        'other=1',
      ];
      const good = { email: ann.email, password: PASSWORD, current_password: PASSWORD };
      for (const cookie of cookies) {
        for (const body of [undefined, {}, good]) {
          if (method === 'GET' && body !== undefined) continue;
          const answer = await app.visitor({ cookie }).send(method, here, body);
          const set = cookiesOf(answer);
          expect([method, path, cookie, set.length <= 1]).toEqual([method, path, cookie, true]);
          for (const one of set) expect(one.split('; ')).toEqual(expect.arrayContaining(ATTRIBUTES));
        }
      }
    }
    // Each route that changes something is met by two new users, whose passwords cost what they cost in production.
  }, 300_000);
});
