import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthOptions } from 'coatcheck';
import { HttpOptions, loadConfig } from 'coatcheck/server';
import { PASSWORD, TestApp } from './support/app.js';

type Fields = Readonly<Record<string, string>>;

interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly code: string | null;
}

/** What browsers say beside it of where a request is from. */
const SITES: readonly Fields[] = [
  {},
  ...['same-site', 'cross-site'].map((site) => ({ 'sec-fetch-site': site })),
];

const LOGIN = ['POST', '/api/v1/auth_session/login'] as const;
const LOGOUT = ['DELETE', '/api/v1/auth_session/logout'] as const;

const APP = 'https://app.example.com';
const ODD_PORT = 'http://front.example.net:8080';

/** What is not quite an origin that is trusted. */
const LOOK_ALIKES = [
  'https://evil.example',
  'null',
  '',
  '*',
  'https://app.example.com.evil.example',
  'https://app.example.com@evil.example',
  'https://evil.example/https://app.example.com',
  'https://evil.example?https://app.example.com',
  'https://evil-app.example.com',
  'https://evilapp.example.com',
  'https://app.example.comx',
  'https://app.example.co',
  'https://pp.example.com',
  'https://example.com',
  'https://sub.app.example.com',
  'https://sibling.example.com',
  'https://appxexample.com',
  'https://app_example.com',
  'http://app.example.com',
  'wss://app.example.com',
  'app.example.com',
  '//app.example.com',
  'https:/app.example.com',
  'https://app.example.com/',
  'https://app.example.com/path',
  'https://app.example.com#',
  'https://app.example.com.',
  'https://app.example.com:443',
  'https://app.example.com:8443',
  'https://app.example.com:80',
  'https://APP.example.com',
  'HTTPS://app.example.com',
  'https://app.example.com,https://evil.example',
  'https://app.example.com https://evil.example',
  'https://evil.example, https://app.example.com',
  'https://app.example.com, https://app.example.com',
  'https://xn--app-.example.com',
  'https://app.example.com\u00a0',
  'https://app.example.com%60.evil.example',
  'https://app.example.com`.evil.example',
  'https://app.example.com_.evil.example',
  'https://front.example.net:8080',
  'http://front.example.net',
  'http://front.example.net:80',
  'http://front.example.net:80801',
];

let app: TestApp;

/** Asks with headers that `fetch` would not let through; the path under the prefix or, for other servers, of them. */
async function send(
  [method, path]: readonly [string, string],
  headers: Fields,
  at: TestApp = app,
  body = path === LOGIN[1] ? JSON.stringify({ email: 'ann@example.com', password: PASSWORD }) : '',
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sent = request(at.root + path, {
      method,
      headers: {
        ...(body !== '' && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
        ...headers,
      },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      void text(response).then((content) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          code: content === '' ? null : ((JSON.parse(content) as { code?: string }).code ?? null),
        }),
      );
    });
    sent.end(body);
  });
}

describe('Trusted origins', () => {
  const signs = (site: string): Fields[] => [
    { 'sec-fetch-site': site },
    { 'sec-fetch-site': site, origin: app.root },
  ];

  beforeAll(async () => {
    app = await TestApp.start({ TRUSTED_ORIGINS: `${APP}, ${ODD_PORT}` });
    await app.addUser('ann@example.com');
  });

  afterAll(() => app.stop());

  it.each([APP, ODD_PORT])('call as their visitor, and read: %s', async (origin) => {
    for (const site of SITES) {
      const answer = await send(LOGIN, { origin, ...site });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: 'Cookie, Origin, Sec-Fetch-Site',
      });
    }
  });

  it('are told so before they call', async () => {
    const preflight = {
      origin: APP,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,content-type,x-request-id',
    };
    const { status, headers } = await send(['OPTIONS', '/api/v1/users/me/password'], preflight);
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET,HEAD,PUT,PATCH,POST,DELETE',
      'access-control-max-age': '600',
      'access-control-allow-headers': 'authorization,content-type,x-request-id',
      vary: expect.stringMatching(/^Cookie, Origin\b/),
      'content-security-policy': expect.any(String),
    });
  });

  it.each<readonly [status: number, method: string, path: string, more: Fields]>([
    [200, 'GET', '/api/v1/status', {}],
    [400, 'POST', LOGIN[1], { 'content-type': 'application/json' }],
    [401, 'GET', '/api/v1/users/me', {}],
    [403, 'GET', '/api/v1/forbidden', {}],
    [405, 'PUT', '/api/v1/status', {}],
    [413, 'POST', LOGIN[1], { 'content-type': 'application/json', 'content-length': '20000' }],
    [415, 'POST', LOGIN[1], { 'content-type': 'text/plain' }],
    [417, 'GET', '/api/v1/status', { expect: 'the-unexpected' }],
  ])('read an answer of status %i and the headers that clients need', async (status, method, path, more) => {
    const body = more['content-length'] ? ' '.repeat(20_000) : method === 'POST' ? '{}' : '';
    const answer = await send([method, path], { origin: APP, ...more }, app, body);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Allow,Link,Next-Cursor,Retry-After,WWW-Authenticate,X-Request-Id',
    });
    const other = await send([method, path], { origin: 'https://evil.example', ...more }, app, body);
    expect(admissions(other.headers)).toEqual([]);
  });

  it('are these to the letter: no other changes or reads anything', async () => {
    for (const origin of LOOK_ALIKES.filter((one) => one !== ODD_PORT)) {
      for (const site of [...SITES, { 'sec-fetch-site': 'same-origin' }]) {
        for (const route of [LOGIN, LOGOUT, ['POST', '/nowhere']] as const) {
          const { status, code, headers } = await send(route, { origin, ...site });
          expect([origin, status, code]).toEqual([origin, 403, 'cross_site_request']);
          expect(admissions(headers)).toEqual([]);
        }
      }
      const preflight = { origin, 'access-control-request-method': 'POST' };
      for (const [answer, status] of [
        [await send(['GET', '/api/v1/status'], { origin }), 200],
        [await send(['OPTIONS', LOGIN[1]], preflight), 401],
        [await send(['OPTIONS', '/api/v1/nowhere'], preflight), 401],
      ] as const) {
        expect([origin, answer.status, admissions(answer.headers)]).toEqual([origin, status, []]);
        expect(answer.headers.vary).toBe('Cookie, Origin');
        expect(answer.headers).not.toHaveProperty('allow');
      }
    }
  });

  it('do without a browser’s word where there is none', async () => {
    expect((await send(LOGIN, {})).status).toBe(200);
  });

  it.each(['same-site', 'cross-site', '', 'Same-Origin', 'same-origin, none'])(
    'are not presumed where a browser says that a request is from elsewhere: %j',
    async (site) => {
      for (const sign of signs(site)) expect((await send(LOGIN, sign)).status).toBe(403);
    },
  );

  it.each(['same-origin', 'none'])('are not needed by our own pages, of which it says %s', async (site) => {
    for (const sign of signs(site)) expect((await send(LOGIN, sign)).status).toBe(200);
  });

  it.each([
    '',
    'app.example.com',
    `${APP}/`,
    `${APP}:443`,
    'https://APP.example.com',
    'https://*.example.com',
    'https://user@app.example.com',
    'https://exämple.org',
    'null',
    '*',
    'capacitor://',
    'capacitor:localhost',
    'capacitor://localhost/',
    'Capacitor://localhost',
    'capacitor://*',
    'app://a%41',
    'file://',
    'file://host',
    'javascript://alert',
    'data://text',
    'blob://x',
    'about://blank',
    'wss://app.example.com',
  ])('that are none are told at the start: %j', async (origin) => {
    const variables = { TRUSTED_ORIGINS: `${APP},${origin}` };
    expect(() => loadConfig(variables)).toThrow('TRUSTED_ORIGINS: must be origins to the letter, such as');
    for (const Options of [AuthOptions, HttpOptions])
      expect(() => new Options({ trustedOrigins: [APP, origin] })).toThrow(
        'trustedOrigins: must be origins to the letter, such as',
      );
  });
});

describe('Origins of applications', () => {
  const ORIGINS = [
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'http://tauri.localhost',
    'https://tauri.localhost',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://0f4e7b1c-9a3d-4c5e-8b2f-6d7e8f9a0b1c',
    'safari-web-extension://0F4E7B1C-9A3D-4C5E-8B2F-6D7E8F9A0B1C',
    'app://.',
    'app://obsidian.md',
    'vscode-webview://1abcdef0',
    'http://localhost:8100',
  ];
  let own: TestApp;

  beforeAll(async () => {
    own = await TestApp.start({
      TRUSTED_ORIGINS: ORIGINS.join(', '),
      AUTH_TYPE: 'session_db_auth,token_auth',
    });
    await own.addUser('ann@example.com');
  });

  afterAll(() => own.stop());

  it.each(ORIGINS)('are trusted to the letter: %s', async (origin) => {
    const site = { 'sec-fetch-site': 'cross-site' };
    const { status, headers } = await send(LOGIN, { origin, ...site }, own);
    expect([status, headers['access-control-allow-origin']]).toEqual([200, origin]);
    for (const other of [
      `${origin}.evil`,
      `${origin}/`,
      `x${origin}`,
      origin.replace(/:.*/, '://evil'),
      'null',
    ]) {
      const refused = await send(LOGIN, { origin: other, ...site }, own);
      expect([other, refused.status, admissions(refused.headers)]).toEqual([other, 403, []]);
    }
  });
});

describe('A request from another site whose only credential is a bearer token', () => {
  const EVIL: Fields = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

  /** The status of a change that a visitor, Ann by default, asks for from another site. */
  async function ask(own: TestApp, headers: Fields, path = '/api/v1/auth_session/logout'): Promise<number> {
    return (await send(['DELETE', path], { ...EVIL, ...headers }, own)).status;
  }

  it.each(['token_auth', 'session_db_auth,token_auth', 'token_auth,basic_auth'])(
    'is not refused, beside whatever cookies that are not ours: AUTH_TYPE=%s',
    async (type) => {
      const own = await TestApp.start({ AUTH_TYPE: type });
      await own.addUser('ann@example.com');
      for (const cookie of [{}, { cookie: 'lb=1; theme=dark' }] as Fields[]) {
        const ann = own.visitor();
        await ann.login('ann@example.com', PASSWORD, { transport: 'bearer' });
        const authorization = `Bearer ${ann.bearer}`;
        const answer = await send(LOGOUT, { ...EVIL, ...cookie, authorization }, own);
        expect([answer.status, admissions(answer.headers)]).toEqual([200, []]);
        expect(await ask(own, { ...cookie, authorization })).toBe(401);
        expect(await ask(own, { ...cookie, authorization: 'Bearer forged' })).toBe(401);
        expect(await ask(own, { ...cookie, authorization }, '/api/v1/nowhere')).toBe(401);
      }
      await own.stop();
    },
  );

  it('is refused where it carries anything else, asks for what is public, or tokens are not taken', async () => {
    const own = await TestApp.start({ AUTH_TYPE: 'session_db_auth,token_auth,basic_auth' });
    await own.addUser('ann@example.com');
    const ann = own.visitor();
    await ann.login('ann@example.com', PASSWORD, { transport: 'bearer' });
    await ann.login('ann@example.com');
    const authorization = `Bearer ${ann.bearer}`;
    const cookie = ann.cookie!;
    for (const headers of [
      {},
      { cookie },
      { cookie, authorization },
      { cookie: 'sid=', authorization },
      { cookie: 'sid=a; sid=b', authorization },
      { cookie: 'theme=dark; sid=forged', authorization },
      { authorization: `Basic ${btoa(`ann@example.com:${PASSWORD}`)}` },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: ann.bearer! },
    ] as Fields[])
      expect([headers, await ask(own, headers)]).toEqual([headers, 403]);
    for (const path of [LOGIN[1], `${LOGIN[1]}/`, '/api/v1/status'])
      expect((await send(['POST', path], { ...EVIL, authorization }, own, '{}')).status).toBe(403);
    expect((await ann.get('/users/me')).status).toBe(200);
    await own.stop();
    const plain = await TestApp.start({ AUTH_TYPE: 'session_db_auth' });
    expect(await ask(plain, { authorization })).toBe(403);
    await plain.stop();
  });
});

describe('Our own origin', () => {
  let own: TestApp;

  afterEach(() => own.stop());

  it('alone may call where none is trusted, and nobody reads from elsewhere', async () => {
    own = await TestApp.start();
    await own.addUser('ann@example.com');
    const { port } = new URL(own.root);
    expect((await send(LOGIN, { origin: own.root }, own)).status).toBe(200);
    expect((await send(LOGIN, { origin: `https://127.0.0.1:${port}` }, own)).status).toBe(403);
    for (const origin of [own.root, APP, 'null']) {
      const { status, headers } = await send(['GET', '/api/v1/status'], { origin }, own);
      expect([status, admissions(headers), headers.vary]).toEqual([200, [], 'Cookie']);
    }
  });

  it.each<readonly [host: string, origin: string, status: number]>([
    ['app.example.com', 'http://app.example.com', 200],
    ['APP.Example.com', 'http://app.example.com', 200],
    ['app.example.com:80', 'http://app.example.com', 200],
    ['app.example.com:8080', 'http://app.example.com:8080', 200],
    ['[::1]:5000', 'http://[::1]:5000', 200],
    ['app.example.com', 'http://app.example.com:8080', 403],
    ['app.example.com:443', 'http://app.example.com', 403],
    ['app.example.com:8080', 'http://app.example.com', 403],
    ['app.example.com', 'https://app.example.com', 403],
    ['app.example.com.', 'http://app.example.com', 403],
    ['', 'http://', 403],
    ['a b', 'http://a', 421],
  ])('is where the client says that we are: %j makes %s a %i', async (host, origin, status) => {
    own = await TestApp.start({ ALLOWED_HOSTS: 'app.example.com' });
    await own.addUser('ann@example.com');
    expect((await send(LOGIN, { host, origin }, own)).status).toBe(status);
  });

  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example.com' };

  it.each<readonly [behind: string, variables: Fields, headers: Fields, origin: string, status: number]>([
    ['a proxy that is trusted', { TRUST_PROXY: '1' }, forwarded, APP, 200],
    ['a proxy that is trusted', { TRUST_PROXY: '127.0.0.1' }, forwarded, APP, 200],
    ['a proxy that is trusted', { TRUST_PROXY: '1' }, forwarded, 'http://app.example.com', 403],
    ['a proxy that is trusted', { TRUST_PROXY: '1' }, { ...forwarded, 'x-forwarded-proto': 'x' }, APP, 403],
    [
      'a proxy that is trusted',
      { TRUST_PROXY: '1' },
      { ...forwarded, 'x-forwarded-proto': 'x' },
      'null',
      403,
    ],
    ['one that is not', {}, forwarded, APP, 403],
    ['one that is not', { TRUST_PROXY: '10.0.0.0/8' }, forwarded, APP, 403],
    ['one in production', { NODE_ENV: 'production', MFA: 'off' }, { host: 'app.example.com' }, APP, 200],
    ['one in production', { NODE_ENV: 'production', MFA: 'off' }, { host: 'app.example.com:443' }, APP, 200],
    [
      'one in production',
      { NODE_ENV: 'production', MFA: 'off' },
      { host: 'app.example.com' },
      'http://app.example.com',
      403,
    ],
    ['one in production', { NODE_ENV: 'production', MFA: 'off' }, forwarded, APP, 403],
  ])('behind %s with %j and %j makes %s a %i', async (_, variables, headers, origin, status) => {
    own = await TestApp.start({
      PASSWORD_HASH_COST: '10',
      ALLOWED_HOSTS: 'app.example.com,127.0.0.1',
      ...variables,
    });
    await own.addUser('ann@example.com');
    expect((await send(LOGIN, { ...headers, origin }, own)).status).toBe(status);
  });
});

/** The headers that admit pages of other origins. */
function admissions(headers: Sent['headers']): string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-'));
}
