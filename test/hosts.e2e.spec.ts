import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UsersService } from 'coatcheck';
import { HttpOptions, loadConfig } from 'coatcheck/server';
import { TestApp } from './support/app.js';
import { Server, newFolder } from './support/server.js';
import { Wire } from './support/wire.js';

const PATHS = [
  '/api/v1/status',
  '/api/v1/health/live',
  '/api/v1/health/ready',
  '/docs',
  '/openapi.json',
  '/',
  '/%ff',
];

/** What is answered to a request of which the target and the lines are given. */
async function answerTo(
  root: string,
  target: string,
  lines: readonly string[],
  version = '1.1',
  method = 'GET',
) {
  const wire = new Wire(root);
  const head = [`${method} ${target} HTTP/${version}`, ...lines, 'Connection: close', '', ''].join('\r\n');
  const [answer] = await wire.askOnce(Buffer.from(head, 'latin1'));
  return answer!;
}

const isServed = async (root: string, host: string, ...more: string[]) =>
  (await answerTo(root, '/api/v1/status', [`Host: ${host}`, ...more])).status === 200;

const EVIL = [
  'evil.example',
  'evil.example:5000',
  'localhost.evil.example',
  'evil.example.',
  'notlocalhost',
  '127.0.0.1.evil.example',
];
const FOREIGN = [
  ...EVIL,
  '192.0.2.1',
  '[2001:db8::1]',
  '0.0.0.0',
  '',
  'a b',
  'localhost@evil.example',
  'localhost/',
  'evil.example#localhost',
  '[::1',
  'localhost:99999',
  'localhost:x',
  'localhost,evil.example',
];
const LOCAL = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'localhost:5000',
  'LocalHost.:80',
  'app.localhost',
  'a.b.localhost:1',
  '127.0.0.1',
  '127.0.0.1:5000',
  '127.8.9.1',
  '[::1]',
  '[::1]:5000',
  '[0:0:0:0:0:0:0:1]:5000',
  '[::ffff:127.0.0.1]',
];

describe('A server in development on a loopback address', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({
      TRUSTED_ORIGINS: 'https://app.example.com,http://box.test:3000',
      ALLOWED_HOSTS: 'dev.example:8080,.tunnel.example',
    });
  });

  afterAll(() => app.stop());

  it.each(LOCAL)('serves the host %j', async (host) => expect(await isServed(app.root, host)).toBe(true));

  it.each([
    'app.example.com',
    'app.example.com:5000',
    'box.test',
    'APP.EXAMPLE.COM.',
    'dev.example:8080',
    'tunnel.example',
    'a.b.tunnel.example:9',
  ])('serves the host %j, which the configuration names', async (host) =>
    expect(await isServed(app.root, host)).toBe(true),
  );

  it.each([...FOREIGN, 'dev.example', 'dev.example:8081', 'sub.app.example.com', 'xtunnel.example'])(
    'refuses the host %j and does not repeat it',
    async (host) => {
      for (const path of PATHS) {
        const { status, body } = await answerTo(app.root, path, [`Host: ${host}`]);
        expect([path, status]).toEqual([path, 421]);
        const problem = JSON.parse(body) as { code: string; detail: string };
        expect(problem.code).toBe('host_not_allowed');
        expect(problem.detail).toContain('`ALLOWED_HOSTS`');
        if (host.length > 3) expect(body).not.toContain(host);
      }
    },
  );

  it.each(['POST', 'OPTIONS', 'HEAD', 'DELETE', 'PATCH'])(
    'refuses %s too, and lets no page read the answer',
    async (method) => {
      const lines = [
        'Host: evil.example',
        'Origin: https://app.example.com',
        'Access-Control-Request-Method: POST',
      ];
      const { status, headers } = await answerTo(app.root, '/api/v1/users', lines, '1.1', method);
      expect(status).toBe(421);
      expect(headers.has('access-control-allow-origin')).toBe(false);
    },
  );

  it('takes a host from an absolute request target as well', async () => {
    const ask = async (target: string, host: string) =>
      (await answerTo(app.root, target, [`Host: ${host}`])).status;
    expect(await ask('http://localhost/api/v1/status', 'localhost')).toBe(200);
    expect(await ask('http://evil.example/api/v1/status', 'localhost')).toBe(421);
    expect(await ask('http://localhost/api/v1/status', 'evil.example')).toBe(421);
    expect(await ask('http://localhost@evil.example/api/v1/status', 'localhost')).toBe(421);
    expect(await ask('HTTP://EVIL.example/', 'localhost')).toBe(421);
  });

  it('refuses who names no host', async () => {
    expect((await answerTo(app.root, '/api/v1/status', [], '1.0')).status).toBe(421);
    expect((await answerTo(app.root, '/api/v1/status', ['Host: localhost'], '1.0')).status).toBe(200);
    expect((await answerTo(app.root, '/api/v1/status', [])).status).toBe(400);
  });

  it('believes no proxy that it does not know', async () => {
    expect(await isServed(app.root, 'evil.example', 'X-Forwarded-Host: localhost')).toBe(false);
    expect(await isServed(app.root, 'localhost', 'X-Forwarded-Host: evil.example')).toBe(true);
  });

  it('makes no administrator of a page whose name was made to lead here', async () => {
    const body = JSON.stringify({ email: 'eve@example.com', password: 'another good password' });
    const lines = [
      'Origin: http://evil.example:5000',
      'Sec-Fetch-Site: same-origin',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ];
    const wire = new Wire(app.root);
    const request = `POST /api/v1/users HTTP/1.1\r\nHost: evil.example:5000\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
    const [answer] = await wire.askOnce(Buffer.from(request));
    expect(answer!.status).toBe(421);
    expect(await app.nest.get(UsersService).count()).toBe(0);
  });
});

describe.each([
  ['a number of proxies', '1'],
  ['an address', '127.0.0.1'],
])('Behind a proxy that TRUST_PROXY names by %s', (_, TRUST_PROXY) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({
      NODE_ENV: 'production',
      MFA: 'off',
      PASSWORD_HASH_COST: '10',
      ALLOWED_HOSTS: 'app.example.com',
      TRUST_PROXY,
    });
  });

  afterAll(() => app.stop());

  it('the host counts that the proxy forwards', async () => {
    const forwarded = (host: string) => `X-Forwarded-Host: ${host}`;
    expect(await isServed(app.root, 'backend:5000', forwarded('app.example.com'))).toBe(true);
    expect(await isServed(app.root, 'backend:5000', forwarded('app.example.com, backend'))).toBe(true);
    expect(await isServed(app.root, 'app.example.com', forwarded('evil.example'))).toBe(false);
    expect(await isServed(app.root, 'backend:5000')).toBe(false);
    expect(await isServed(app.root, 'app.example.com')).toBe(true);
  });
});

describe('A server in production', () => {
  it.each<readonly [hosts: string, served: readonly string[], refused: readonly string[]]>([
    ['', [...LOCAL, 'evil.example', '192.0.2.1'], []],
    [
      'app.example.com',
      ['app.example.com', 'APP.example.com.', 'app.example.com:8443'],
      [...EVIL, 'localhost', '127.0.0.1', 'a.app.example.com'],
    ],
    [
      'app.example.com:443',
      ['app.example.com', 'app.example.com:443'],
      ['app.example.com:80', 'app.example.com:8443'],
    ],
    [
      'App.Example.com., [::1], 192.0.2.1:80',
      ['app.example.com', '[::1]:5000', '192.0.2.1:80'],
      ['192.0.2.1', '[::2]'],
    ],
    ['.example.com', ['example.com', 'a.example.com', 'a.b.example.com'], ['xexample.com', 'com']],
    ['*.example.com', ['a.example.com', 'a.b.example.com'], ['example.com', 'xexample.com']],
    ['exämple.org', ['xn--exmple-cua.org'], ['exmple.org']],
  ])('with ALLOWED_HOSTS=%s serves %j and refuses %j', async (ALLOWED_HOSTS, served, refused) => {
    const given: Record<string, string> = ALLOWED_HOSTS === '' ? {} : { ALLOWED_HOSTS };
    const app = await TestApp.start({
      NODE_ENV: 'production',
      MFA: 'off',
      PASSWORD_HASH_COST: '10',
      ...given,
    });
    const ask = (hosts: readonly string[]) => Promise.all(hosts.map((host) => isServed(app.root, host)));
    const [yes, no] = [await ask(served), await ask(refused)];
    await app.stop();
    expect([yes, no]).toEqual([served.map(() => true), refused.map(() => false)]);
  });
});

describe('Which hosts are served', () => {
  it.each([
    [{}, { loopbackHosts: true, allowedHosts: ['127.0.0.1'] }],
    [{ API_HOST: 'localhost' }, { loopbackHosts: true, allowedHosts: ['localhost'] }],
    [
      { API_HOST: '::1', NODE_ENV: 'test' },
      { loopbackHosts: true, allowedHosts: ['::1'] },
    ],
    [
      { API_HOST: '127.0.0.9', AUTH_TYPE: 'basic_auth' },
      { loopbackHosts: true, allowedHosts: ['127.0.0.9'] },
    ],
    [{ API_HOST: '0.0.0.0' }, { loopbackHosts: false, allowedHosts: [] }],
    [
      { API_HOST: '0.0.0.0', ALLOWED_HOSTS: 'box.test' },
      { loopbackHosts: false, allowedHosts: ['box.test'] },
    ],
    [
      { NODE_ENV: 'production', MFA: 'off', API_HOST: '127.0.0.1' },
      { loopbackHosts: false, allowedHosts: [] },
    ],
    [
      { TRUSTED_ORIGINS: 'capacitor://localhost,chrome-extension://abc' },
      { loopbackHosts: true, allowedHosts: ['127.0.0.1', 'localhost', 'abc'] },
    ],
  ])('follows from %j', (variables, expected) => {
    expect(loadConfig(variables).http).toMatchObject(expected);
  });

  it.each([
    '*',
    '',
    'http://app.example.com',
    'app.example.com/',
    'a b',
    '*.',
    '.192.0.2.1',
    'a.*.example.com',
    'app.example.com:99999',
    '[::1',
  ])('cannot be %j', (host) => {
    expect(() => new HttpOptions({ allowedHosts: [host] })).toThrow(
      'allowedHosts: must be host names or addresses',
    );
    if (host !== '')
      expect(() => loadConfig({ ALLOWED_HOSTS: host })).toThrow(
        'ALLOWED_HOSTS: must be host names or addresses',
      );
  });

  it('is said at the start', async () => {
    expect(await bannerOf({})).toContain('Only requests for localhost, loopback addresses');
    const production = {
      NODE_ENV: 'production',
      MFA: 'off',
      API_HOST: '127.0.0.1',
      PASSWORD_HASH_COST: '10',
    };
    expect(await bannerOf({ ...production, ALLOWED_HOSTS: 'app.example.com' })).toContain(
      'Only requests for the hosts in ALLOWED_HOSTS are served.',
    );
    expect(await bannerOf(production)).not.toContain('Only requests for');
  });
});

async function bannerOf(variables: Readonly<Record<string, string>>): Promise<string> {
  const server = await Server.start(newFolder(), variables);
  await server.stop();
  return server.output();
}
