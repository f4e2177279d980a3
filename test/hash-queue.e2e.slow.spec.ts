import type { Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PasswordResetService, UsersService } from 'coatcheck';
import { type Answer, PASSWORD, TestApp, type Visitor, basic } from './support/app.js';

const NEXT = 'another horse battery';

/** What an account or a network may have under way and waiting, and far more. */
const SHARE = 26 * availableParallelism();
const FLOOD = 100 * availableParallelism();

let app: TestApp;

beforeAll(async () => {
  app = await TestApp.start({
    AUTH_TYPE: 'session_db_auth,basic_auth',
    AUTH_THROTTLE: 'off',
    PASSWORD_HASH_COST: '10',
    REGISTRATION: 'open',
    TRUST_PROXY: '127.0.0.1',
  });
});

afterAll(() => app.stop());

/** A client with an address of its own. */
const from = (ip: string) => app.visitor({ 'x-forwarded-for': ip });
let numbers = 0;
const addUser = () => app.addUser(`user${(numbers += 1)}@example.com`);

describe('While many requests want a password hashed', () => {
  const KINDS: readonly (readonly [
    string,
    (email: string, ip: string) => Promise<(index: number) => Promise<Answer>>,
  ])[] = [
    ['sign-ins of one account', (email, ip) => Promise.resolve(() => from(ip).login(email))],
    [
      'sign-ins of an account that does not exist',
      (_, ip) => Promise.resolve(() => from(ip).login('nobody@example.com')),
    ],
    [
      'sign-ins of many accounts from one network',
      (_, ip) => Promise.resolve((index) => from(ip).login(`nobody${index % 10}@example.com`)),
    ],
    [
      'sign-ins of one account from many networks',
      (email) => Promise.resolve((index) => from(`203.0.${index >> 8}.${index & 255}`).login(email)),
    ],
    [
      'Basic headers',
      (email, ip) =>
        Promise.resolve((index) =>
          from(ip).send('GET', '/users/me', undefined, basic(email, `wrong ${index}`)),
        ),
    ],
    [
      'registrations',
      (_, ip) =>
        Promise.resolve((index) =>
          from(ip).post('/users', { email: `new${(numbers += 1)}.${index}@example.com`, password: PASSWORD }),
        ),
    ],
    [
      'changes of a password',
      async (email, ip) => {
        const client = await signedIn(email, ip);
        return () => client.put('/users/me/password', { current_password: 'wrong', new_password: NEXT });
      },
    ],
    [
      'changes of a password that was proven a short time ago',
      async (email, ip) => {
        const client = await signedIn(email, ip);
        return () => client.put('/users/me/password', { new_password: PASSWORD });
      },
    ],
    [
      'confirmations of a password',
      async (email, ip) => {
        const client = await signedIn(email, ip);
        return () => client.post('/sessions/current/reauthenticate', { password: 'wrong' });
      },
    ],
    [
      'resets of a password',
      async (email, ip) => {
        const user = await app.nest.get(UsersService).findByEmail(email);
        const { token } = await app.nest.get(PasswordResetService).issue(user!.id);
        return () => from(ip).post('/password/reset', { token: token.reveal(), new_password: PASSWORD });
      },
    ],
  ];

  it.each(KINDS)(
    'by %s, others sign in, and who exceeds their share is told when to come back',
    async (_, prepare) => {
      const { email } = await addUser();
      const [other, neighbour] = [await addUser(), await addUser()];
      const send = await prepare(email, '192.0.2.1');
      const flood = Array.from({ length: FLOOD }, (__, index) => send(index));
      await delay(20);
      const others = [from('198.51.100.1').login(other.email), from('192.0.2.1').login(neighbour.email)];
      const answers = await Promise.all(flood);
      expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200]);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length / FLOOD).toBeGreaterThan(0.5);
      for (const { headers, body } of refused) {
        expect(headers.get('retry-after')).toBe('2');
        expect(body).toMatchObject({
          code: 'too_many_requests',
          detail: expect.stringContaining('Wait for the seconds that `Retry-After` says'),
        });
      }
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    },
  );

  async function signedIn(email: string, ip: string): Promise<Visitor> {
    const client = from(ip);
    await client.login(email);
    return client;
  }
});

describe('A client that hangs up', () => {
  it.each<[string, (email: string, signal: AbortSignal) => Promise<unknown>]>([
    [
      'a sign-in',
      (email, signal) => send('POST', '/auth_session/login', { signal, body: { email, password: PASSWORD } }),
    ],
    [
      'a Basic header',
      (email, signal) => send('GET', '/users/me', { signal, headers: basic(email, 'wrong') }),
    ],
  ])('during %s leaves its place in the queue', async (_, request) => {
    const { email } = await addUser();
    const hangUp = new AbortController();
    const gone = Array.from({ length: SHARE }, () => request(email, hangUp.signal).catch(() => 'gone'));
    await delay(50);
    hangUp.abort();
    await Promise.all(gone);
    await connectionsClosed();
    const answers = await Promise.all(
      Array.from({ length: SHARE - availableParallelism() }, () => from('192.0.2.1').login(email)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  /** Waits until the server has noticed that the clients hung up. */
  async function connectionsClosed(): Promise<void> {
    const server = app.nest.getHttpServer() as Server;
    const count = promisify(server.getConnections.bind(server));
    do {
      server.closeIdleConnections();
      await delay(10);
    } while ((await count()) > 0);
  }

  function send(
    method: string,
    path: string,
    { signal, body, headers }: { signal: AbortSignal; body?: object; headers?: Record<string, string> },
  ) {
    return fetch(`${app.root}/api/v1${path}`, {
      method,
      signal,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  }
});
