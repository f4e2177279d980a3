import { METHODS } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryMailer, tokenIn } from 'coatcheck/testing';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { Wire, type WireAnswer, requestOf } from './support/wire.js';

type Headers = readonly (readonly [name: string, value: string])[];

const API = '/api/v1';
const KNOWN: Headers = [['Authorization', basic('ann@example.com').authorization!]];
const JSON_TYPE: Headers = [['Content-Type', 'application/json']];
const SIGN_IN = JSON.stringify({ email: 'ann@example.com', password: PASSWORD });
const TRUSTED = 'https://app.example.com';

const TARGETS = [
  '/',
  '//',
  '*',
  '/docs',
  '/docs/',
  '/docs/swagger-ui.css',
  '/docs/package.json',
  '/openapi.json',
  '/status',
  '/users/me',
  ...[
    '',
    '/',
    '/status',
    '/status/',
    '/status//',
    '/Status',
    '/./status',
    '/users/../status',
    '/nowhere',
  ].map(below),
  ...[
    '/users',
    '/users/me',
    '/users/me/',
    '/users/me;a=b',
    '/users/me#x',
    '/users/me?x=%',
    '/users/me%20',
  ].map(below),
  ...['/users/%', '/users/%ff', '/users/%00', '/users/..%2fme', '/users/a%2Fb', '/users/a/b'].map(below),
  ...['/users/me%3Fx', `/users/${'x'.repeat(300)}`, '/sessions', '/sessions/x', '/__proto__', '/docs'].map(
    below,
  ),
  `/api/${'x'.repeat(8000)}`,
  '/api//v1/status',
  `http://localhost${API}/status`,
  `https://evil.example${API}/status`,
  `ftp://localhost${API}/status`,
  'http://',
];

/** Headers that a request may have, and what they are sent with. */
const EXTRAS: Headers = [
  ['X-Forwarded-For', '203.0.113.7, 198.51.100.9'],
  ['X-Forwarded-Host', 'app.example.com, b'],
  ['X-Forwarded-Host', 'ev il'],
  ['X-Forwarded-Proto', 'https, http'],
  ['X-Request-Id', 'abcdefgh-1'],
  ['X-Request-Id', 'x'.repeat(100)],
  ['Expect', 'x'],
  ['Accept', 'text/html'],
  ['Accept-Version', '1'],
  ['If-None-Match', '*'],
  ['Range', 'bytes=0-3'],
  ['Upgrade', 'h2c'],
  ['Cookie', 'sid=x'],
  ['Cookie', 'sid=a.b; sid=c.d'],
  ['Authorization', 'Bearer x'],
  ['Authorization', 'Basic !!!'],
  ['Authorization', ''],
  ['Host', 'evil.example'],
];

/** The headers of bodies, and the bodies. */
const BODIES: readonly (readonly [headers: Headers, body: string])[] = [
  [JSON_TYPE, SIGN_IN],
  [JSON_TYPE, '{"email":"ann@example.com","password":"a wrong battery"}'],
  [JSON_TYPE, '{"email":1,"email":2}'],
  [JSON_TYPE, '{bad'],
  [JSON_TYPE, ''],
  [JSON_TYPE, `{"email":"${'x'.repeat(17_000)}"}`],
  [[], SIGN_IN],
  [[['Content-Type', 'text/plain']], SIGN_IN],
  [[['Content-Type', ';;;']], SIGN_IN],
  [[['Content-Type', 'application/json; charset=utf-16']], SIGN_IN],
  [[...JSON_TYPE, ...JSON_TYPE], SIGN_IN],
  [[...JSON_TYPE, ['Content-Encoding', 'gzip']], SIGN_IN],
];

describe.each([
  ['with pages of another origin', { TRUSTED_ORIGINS: TRUSTED, TRUST_PROXY: '1' }],
  ['at the root, for a few hosts', { API_PREFIX: '/', ALLOWED_HOSTS: 'localhost,app.example.com' }],
  ['in the course contract', { AUTH_COMPAT: 'alx' }],
])('The server %s', (_, variables) => {
  const apps: TestApp[] = [];
  const wires: Wire[] = [];

  beforeAll(async () => {
    for (const HTTP_ADAPTER of ['express', 'fastify']) {
      const settings = {
        AUTH_TYPE: 'session_db_auth,basic_auth',
        AUTH_THROTTLE: 'off',
        NODE_ENV: 'development',
      };
      const app = await TestApp.start({ ...settings, ...variables, HTTP_ADAPTER });
      await app.addUser('ann@example.com');
      apps.push(app);
      wires.push(new Wire(app.root));
    }
  });

  afterAll(async () => {
    for (const wire of wires) wire.close();
    for (const app of apps) await app.stop();
  });

  /** What the two answer, where they differ. */
  async function differences(requests: readonly (readonly [method: string, request: Buffer])[]) {
    const found: object[] = [];
    for (const [method, request] of requests) {
      const [express, fastify] = await Promise.all(
        wires.map(async (wire) => comparable(await wire.ask(request, method))),
      );
      if (JSON.stringify(express) !== JSON.stringify(fastify))
        found.push({ request: request.toString().slice(0, 300), express, fastify });
    }
    return found;
  }

  it('answers each method and target alike on Express and Fastify', async () => {
    const methods = METHODS.filter((method) => method !== 'CONNECT');
    const requests = methods.flatMap((method) =>
      TARGETS.flatMap((target) =>
        [[], KNOWN].map((headers) => [method, requestOf(method, target, headers)] as const),
      ),
    );
    expect(await differences(requests)).toEqual([]);
  });

  it('answers pages of other origins alike', async () => {
    const requests = [TRUSTED, 'https://evil.example', 'null', 'http://localhost'].flatMap((origin) =>
      ['OPTIONS', 'GET', 'POST', 'DELETE'].flatMap((method) =>
        ['/users/me', '/auth_session/login', '/nowhere', '/users/%ff', '/status']
          .map(below)
          .flatMap((target) =>
            [
              [],
              [['Access-Control-Request-Method', 'DELETE'] as const],
              [['Sec-Fetch-Site', 'cross-site'] as const],
            ].flatMap((more) =>
              [[], KNOWN].map(
                (known) =>
                  [method, requestOf(method, target, [['Origin', origin], ...more, ...known])] as const,
              ),
            ),
          ),
      ),
    );
    expect(await differences(requests)).toEqual([]);
  });

  it('answers headers and bodies alike', async () => {
    const withHeaders = EXTRAS.flatMap((header) =>
      ['/users/me', '/status', '/sessions?limit=0', '/nowhere']
        .map(below)
        .map((target) => ['GET', requestOf('GET', target, [header])] as const),
    );
    const withBodies = BODIES.flatMap(([headers, body]) =>
      ['/auth_session/login', '/status', '/nowhere']
        .map(below)
        .flatMap((target) =>
          [[], KNOWN].map(
            (known) => ['POST', requestOf('POST', target, [...headers, ...known], body)] as const,
          ),
        ),
    );
    expect(await differences([...withHeaders, ...withBodies])).toEqual([]);
  });
});

describe('The flows by e-mail', () => {
  const flows: { app: TestApp; wire: Wire; mailbox: MemoryMailer }[] = [];

  beforeAll(async () => {
    for (const HTTP_ADAPTER of ['express', 'fastify']) {
      const mailbox = new MemoryMailer();
      const settings = { AUTH_TYPE: 'session_db_auth,basic_auth', AUTH_THROTTLE: 'off', HTTP_ADAPTER };
      const limits = { REGISTRATION: 'open', MAILS_PER_NETWORK: '50' };
      const app = await TestApp.start({ ...settings, ...limits }, {}, { mailer: mailbox });
      await app.addUser('ann@example.com', 'admin');
      flows.push({ app, wire: new Wire(app.root), mailbox });
    }
  });

  afterAll(async () => {
    for (const { app, wire } of flows) {
      wire.close();
      await app.stop();
    }
  });

  /** The status, if both give the same answer. `bodyOf` makes the body for each of them. */
  const ask = async (
    method: string,
    path: string,
    bodyOf: (mailbox: MemoryMailer) => Promise<object> | object,
    headers: Headers = [],
  ) => {
    const answers = await Promise.all(
      flows.map(async ({ wire, mailbox }) => {
        const body = JSON.stringify(await bodyOf(mailbox));
        const answer = await wire.ask(
          requestOf(method, below(path), [...JSON_TYPE, ...headers], body),
          method,
        );
        return [comparable(answer), answer?.status] as const;
      }),
    );
    expect([path, answers[1]![0]]).toEqual([path, answers[0]![0]]);
    return answers[0]![1];
  };
  const tokenFor = (email: string, subject: RegExp) => async (mailbox: MemoryMailer) => ({
    token: tokenIn(await mailbox.waitFor(email, { subject })),
  });

  it('have the same answers on Express and Fastify', async () => {
    const email = 'ann@example.com';
    const [verify, reset] = [/^Confirm your e-mail/, /^Set a new password/];
    const [confirm, cancel] = [/^Confirm your new/, /about to change/];
    const new_password = 'another good password';
    const known: Headers = [['Authorization', basic(email, new_password).authorization!]];
    const withPassword = async (mailbox: MemoryMailer) => ({
      ...(await tokenFor(email, reset)(mailbox)),
      new_password,
    });
    const statuses = [
      await ask('POST', '/users', () => ({ email: 'lee@example.com', password: PASSWORD })),
      await ask('POST', '/users', () => ({ email, password: PASSWORD })),
      await ask('POST', '/email/verify', tokenFor(email, verify)),
      await ask('POST', '/email/verify', tokenFor(email, verify)),
      await ask('POST', '/password/forgot', () => ({ email })),
      await ask('POST', '/email/verification', () => ({ email: 'nobody@example.com' })),
      await ask('POST', '/password/reset', withPassword),
      await ask('POST', '/password/reset', withPassword),
      await ask('PATCH', '/users/me', () => ({ email: 'new@example.com' }), known),
      await ask('POST', '/email/confirm', tokenFor('new@example.com', confirm)),
      await ask('POST', '/email/confirm', tokenFor('new@example.com', confirm)),
      await ask('POST', '/email/cancel', tokenFor(email, cancel)),
      await ask('POST', '/email/cancel', tokenFor(email, cancel)),
      await ask('POST', '/invitations', () => ({ email: 'guest@example.com' })),
      await ask('POST', '/invitations', () => ({ email: 'guest@example.com' }), known),
    ];
    expect(statuses).toEqual([202, 202, 200, 400, 202, 202, 200, 400, 200, 200, 400, 200, 400, 401, 401]);
    for (const path of ['/password/forgot', '/email/verification', '/email/verify', '/email/confirm'])
      for (const body of [{}, { email: 1, token: 1 }, { email: 'x'.repeat(300) }, { other: 'x' }])
        expect(await ask('POST', path, () => body)).toBe(400);
    for (const method of ['GET', 'PUT', 'DELETE'])
      for (const path of ['/password/forgot', '/email/verify', '/email/cancel'])
        expect([405, 401]).toContain(await ask(method, path, () => ({})));
    const limited = [];
    for (let count = 0; count < 60; count += 1)
      limited.push(await ask('POST', '/password/forgot', () => ({ email: `${count}@example.com` })));
    expect(limited).toContain(429);
  });
});

function below(path: string): string {
  return API + path;
}

/** An answer without what differs from one to the next. */
function comparable(answer: WireAnswer | null) {
  if (answer === null) return null;
  const headers = [...answer.headers].filter(([name]) => name !== 'date').toSorted();
  return JSON.parse(
    JSON.stringify({ ...answer, headers })
      .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'a UUID')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'a time')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'the server')
      .replaceAll(/sid=[\w.-]+|\\"id\\":\\"[\w-]+/g, 'a token'),
  ) as object;
}
