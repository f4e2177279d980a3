import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from './support/app.js';
import { Server, newFolder } from './support/server.js';

const NETWORKS = '127.0.0.1, 10.0.0.0/8, fd00::/8';

/** What one sign-in is told of where it came from. */
async function addressOf(app: TestApp, forwardedFor: string): Promise<unknown> {
  const visitor = app.visitor({ 'x-forwarded-for': forwardedFor });
  expect((await visitor.login('ann@example.com')).status).toBe(200);
  return (await visitor.get('/sessions/current')).body.session.ip;
}

describe.each<readonly [trust: string, cases: readonly (readonly [claim: string, address: string])[]]>([
  [
    '1',
    [
      ['203.0.113.7:51234', '203.0.113.7'],
      ['[2001:db8::1]:443', '2001:db8::1'],
      ['"[2001:db8::1]:443"', '2001:db8::1'],
      ['198.51.100.1:1, 203.0.113.7:2', '203.0.113.7'],
      ['198.51.100.1, unknown', '127.0.0.1'],
      ['198.51.100.1,', '127.0.0.1'],
      ['198.51.100.1, , 203.0.113.7', '203.0.113.7'],
      [',', '127.0.0.1'],
      ['_hidden', '127.0.0.1'],
    ],
  ],
  [
    '3',
    [
      ['198.51.100.1, 203.0.113.7:51234, 10.0.0.2:80, [fd00::3]:81', '203.0.113.7'],
      ['198.51.100.1, 203.0.113.7, unix:, unknown', '203.0.113.7'],
      ['198.51.100.1, garbage, 10.0.0.2:80, [fd00::3]:81', '10.0.0.2'],
      ['198.51.100.1, , ,', '127.0.0.1'],
      ['203.0.113.7:1, 10.0.0.3', '203.0.113.7'],
    ],
  ],
  [
    NETWORKS,
    [
      ['203.0.113.7:51234', '203.0.113.7'],
      ['198.51.100.1, 203.0.113.7:51234, 10.0.0.2:80, [fd00::3]:81', '203.0.113.7'],
      ['198.51.100.1, [2001:db8::1]:443, ::ffff:10.0.0.2, "[fd00::3]:81"', '2001:db8::1'],
      ['198.51.100.1, unknown, 10.0.0.2:80', '10.0.0.2'],
      ['198.51.100.1, _hidden', '127.0.0.1'],
      ['198.51.100.1, , 10.0.0.2', '10.0.0.2'],
      ['198.51.100.1, 10.0.0.2.evil, 10.0.0.3', '10.0.0.3'],
      ['10.0.0.1:1, 10.0.0.2:2', '10.0.0.1'],
    ],
  ],
])('The address of a client, TRUST_PROXY=%s', (trust, cases) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ TRUST_PROXY: trust, AUTH_FAILURES_PER_NETWORK: '3' });
    await app.addUser('ann@example.com');
    await app.addUser('root@example.com', 'admin');
  });

  afterAll(() => app.stop());

  it.each(cases)('of %j is %s', async (claim, address) => {
    expect(await addressOf(app, claim)).toBe(address);
  });

  it('is the same in the audit trail, and what failures are counted by, on whatever port', async () => {
    const hop = trust === '3' ? ', 10.0.0.2:80, 10.0.0.3:81' : '';
    const from = (port: number) => app.visitor({ 'x-forwarded-for': `192.0.2.66:${port}${hop}` });
    for (let port = 1; port <= 3; port += 1)
      expect((await from(port).login(`x${port}@example.com`, 'wrong')).status).toBe(401);
    expect((await from(4).login('x4@example.com', 'wrong')).status).toBe(429);
    expect(
      (await app.visitor({ 'x-forwarded-for': `192.0.2.67:1${hop}` }).login('ann@example.com')).status,
    ).toBe(200);
    const root = app.visitor();
    await root.login('root@example.com');
    const { body } = await root.get('/audit?type=sign_in_failed&limit=1');
    expect(body).toMatchObject([{ ip: '192.0.2.66' }]);
  });
});

describe('Headers of proxies', () => {
  const json = { 'content-type': 'application/json' };
  const login = JSON.stringify({ email: 'ann@example.com', password: PASSWORD });

  /** What a server logs, line by line, of requests with these headers. */
  async function logOf(
    variables: Readonly<Record<string, string>>,
    requests: readonly Readonly<Record<string, string>>[],
  ): Promise<{ lines: string[]; answers: string[] }> {
    const server = await Server.start(newFolder(), variables);
    const answers: string[] = [];
    try {
      for (const headers of requests) {
        const url = `${server.url}/api/v1/auth_session/login`;
        const answer = await fetch(url, { method: 'POST', headers: { ...json, ...headers }, body: login });
        answers.push(await answer.text());
      }
    } finally {
      await server.stop();
    }
    return { lines: server.output().split('\n'), answers };
  }

  const proxyLines = (lines: readonly string[]) =>
    lines.filter(
      (line) =>
        line.includes('Configure the proxy to send these') || line.includes('TRUST_PROXY to the number'),
    );

  it('that nobody is trusted for are warned of once, with the setting that helps', async () => {
    const { lines } = await logOf({}, [
      {},
      { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' },
      { 'x-forwarded-for': '203.0.113.8' },
      { forwarded: 'for=203.0.113.8' },
    ]);
    expect(proxyLines(lines)).toEqual([
      expect.stringMatching(
        /X-Forwarded-For, X-Forwarded-Proto came from 127\.0\.0\.1 and had no effect, because TRUST_PROXY names no proxy\./,
      ),
    ]);
  });

  it('of a sender that is not in the list are warned of once, too', async () => {
    const { lines } = await logOf({ TRUST_PROXY: '10.0.0.0/8' }, [
      { 'x-real-ip': '203.0.113.7' },
      { 'x-forwarded-for': '203.0.113.8' },
    ]);
    expect(proxyLines(lines)).toEqual([
      expect.stringMatching(
        /X-Real-IP came from 127\.0\.0\.1 and had no effect, because TRUST_PROXY does not name this sender\..+Only X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto are read/,
      ),
    ]);
  });

  it.each(['Forwarded', 'X-Real-IP', 'CF-Connecting-IP', 'True-Client-IP', 'X-Forwarded-Host'])(
    'that a trusted proxy sends in place of X-Forwarded-For are warned of once: %s',
    async (name) => {
      const { lines } = await logOf({ TRUST_PROXY: '1' }, [
        { 'x-forwarded-for': '203.0.113.7', [name]: '203.0.113.7' },
        { [name]: '203.0.113.7' },
        { [name]: '203.0.113.8' },
      ]);
      expect(proxyLines(lines)).toEqual([
        expect.stringContaining(`${name} came from a trusted proxy without X-Forwarded-For`),
      ]);
    },
  );

  it('that are read from who is trusted are no matter', async () => {
    const { lines } = await logOf({ TRUST_PROXY: '127.0.0.1' }, [
      { 'x-forwarded-for': '203.0.113.7', 'x-real-ip': '203.0.113.7', 'x-forwarded-port': '443' },
      {},
    ]);
    expect(proxyLines(lines)).toEqual([]);
  });

  it.each(['development', 'production'])(
    'that lose the port of a site leave a refusal that the log of %s explains',
    async (mode) => {
      const { lines, answers } = await logOf(
        {
          NODE_ENV: mode,
          MFA: 'off',
          TRUST_PROXY: '1',
          PASSWORD_HASH_COST: '10',
          ALLOWED_HOSTS: 'app.example.com,127.0.0.1',
        },
        [
          {
            origin: 'https://app.example.com:8443',
            'x-forwarded-for': '203.0.113.7',
            'x-forwarded-host': 'app.example.com',
            'x-forwarded-proto': 'https',
          },
          { origin: `https://${'x'.repeat(5000)}.example`, 'sec-fetch-site': 'cross-site\u0085' },
        ],
      );
      const refused = lines.join('\n');
      expect(refused).toContain('https://app.example.com:8443');
      expect(refused).toMatch(/expectedOrigin"?: ?"https:\/\/app\.example\.com"/);
      for (const setting of ['TRUST_PROXY', 'TRUSTED_ORIGINS', 'X-Forwarded-Host', 'X-Forwarded-Proto'])
        expect(refused).toContain(setting);
      expect(refused).not.toContain('x'.repeat(201));
      expect(refused).not.toContain('\u0085');
      const [first, second] = answers.map((answer) => JSON.parse(answer) as { code: string; detail: string });
      expect([first!.code, second!.code]).toEqual(['cross_site_request', 'cross_site_request']);
      expect(first!.detail.includes('https://app.example.com:8443')).toBe(mode === 'development');
      expect(first!.detail.includes('TRUSTED_ORIGINS')).toBe(mode === 'development');
      if (mode === 'production') expect(first!.detail).toBe(second!.detail);
    },
  );
});
