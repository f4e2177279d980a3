import { hash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ENDING_KEPT_FOR, SessionToken, type User, UsersService } from 'coatcheck';
import { type Answer, PASSWORD, TestApp, type Visitor, newDatabase } from './support/app.js';
import { STORAGES } from './support/storages.js';

const MINUTE = 60_000;
const FORGOTTEN = 'sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax';
const MARKS = { 'x-request-id': 'request-0001' };

/** A server at 12:10, with a session that was opened at 12:00 and used at 12:04. */
interface Harness {
  readonly app: TestApp;
  readonly root: User;
  readonly user: User;
  readonly holder: Visitor;
  signedIn(email: string): Promise<Visitor>;
}

/** How a session comes to its end at 12:10. */
interface Way {
  readonly code: string;
  readonly detail: string;
  readonly variables?: Readonly<Record<string, string>>;
  end(harness: Harness): Promise<unknown>;
}

const disable = ({ app, user }: Harness) => app.nest.get(UsersService).update(user.id, { disabled: true });

const WAYS = {
  'signed out': {
    code: 'session_signed_out',
    detail: 'This session was signed out, on 2026-01-01 at 12:10 UTC. Sign in again.',
    end: ({ holder }) => holder.delete('/auth_session/logout'),
  },
  'ended from another one': {
    code: 'session_ended_elsewhere',
    detail: 'This session was ended from another device, on 2026-01-01 at 12:10 UTC. Sign in again.',
    end: async ({ user, holder, signedIn }) =>
      (await signedIn(user.email)).delete(`/sessions/${idOf(holder)}`),
  },
  'ended among the others': {
    code: 'session_ended_elsewhere',
    detail: 'This session was ended from another device, on 2026-01-01 at 12:10 UTC. Sign in again.',
    end: async ({ user, signedIn }) => (await signedIn(user.email)).delete('/sessions'),
  },
  evicted: {
    code: 'session_evicted',
    detail:
      'This session was ended because you signed in on too many devices, on 2026-01-01 at 12:10 UTC. Sign in again.',
    variables: { SESSION_MAX_PER_USER: '1' },
    end: ({ user, signedIn }) => signedIn(user.email),
  },
  'ended by an administrator': {
    code: 'session_ended_by_admin',
    detail: 'An administrator ended this session, on 2026-01-01 at 12:10 UTC. Sign in again.',
    end: async ({ root, user, holder, signedIn }) =>
      (await signedIn(root.email)).delete(`/users/${user.id}/sessions/${idOf(holder)}`),
  },
  'ended by an administrator with all others': {
    code: 'session_ended_by_admin',
    detail: 'An administrator ended this session, on 2026-01-01 at 12:10 UTC. Sign in again.',
    end: async ({ root, user, signedIn }) =>
      (await signedIn(root.email)).delete(`/users/${user.id}/sessions`),
  },
  'ended by a new password': {
    code: 'password_changed',
    detail:
      'You were signed out because your password was changed or revoked, on 2026-01-01 at 12:10 UTC. Sign in with the new password, or ask for one.',
    end: async ({ user, signedIn }) =>
      (await signedIn(user.email)).put('/users/me/password', {
        current_password: PASSWORD,
        new_password: 'another good password',
      }),
  },
  'ended by a disabling': {
    code: 'user_disabled',
    detail: 'This account was disabled, on 2026-01-01 at 12:10 UTC. Ask an administrator to enable it.',
    end: disable,
  },
  'ended by the removal of the account': {
    code: 'user_deleted',
    detail:
      'This account was deleted, on 2026-01-01 at 12:10 UTC. Ask an administrator if you need a new one.',
    end: ({ app, user }) => app.nest.get(UsersService).remove(user.id),
  },
  'left idle': {
    code: 'session_expired_idle',
    detail:
      'You were signed out because the session was not used for too long, on 2026-01-01 at 12:10 UTC. Sign in again.',
    variables: { SESSION_IDLE_TIMEOUT: '6m' },
    end: () => Promise.resolve(),
  },
  'at its longest life': {
    code: 'session_expired_absolute',
    detail:
      'You were signed out because the session reached its maximum lifetime, on 2026-01-01 at 12:10 UTC. Sign in again.',
    variables: { SESSION_DURATION: '10m', SESSION_IDLE_TIMEOUT: '7m' },
    end: () => Promise.resolve(),
  },
} satisfies Record<string, Way>;

const tokenOwner = ({ cookie }: Visitor) => cookie!.slice('sid='.length);
const idOf = (visitor: Visitor) => tokenOwner(visitor).split('.')[0]!;

/** All of an answer but its time. */
const wholeOf = ({ status, headers, body }: Answer) =>
  JSON.stringify([status, [...headers].filter(([name]) => name !== 'date'), body]);

/** What a request is answered that carries this token. */
const shown = (app: TestApp, token: string, path = '/users/me') =>
  app.visitor({ ...MARKS, cookie: `sid=${token}` }).get(path);

const unknown = () => `${randomBytes(16).toString('base64url')}.${randomBytes(32).toString('base64url')}`;

/** Tokens of whoever has the id, and something else, but not the token. */
const strangersTo = (token: string, other: string) => {
  const [id, secret] = token.split('.') as [string, string];
  return [
    `${id}.${unknown().split('.')[1]}`,
    `${id}.${other.split('.')[1]}`,
    `${id}.${hash('sha256', secret, 'base64url')}`,
    `${id}.`,
    id,
    token.slice(0, -1),
    `${token}A`,
    `.${secret}`,
    `${other.split('.')[0]}.${secret}`,
    `%20${token}`,
    `${token}; sid=${token}`,
    'nonsense',
  ];
};

async function open(
  variables: Readonly<Record<string, string>>,
  name: string,
  toBody: (credentials: Record<string, string>) => unknown = (credentials) => credentials,
): Promise<Harness> {
  const app = await TestApp.start({ STORE_TIMEOUT: '10s', ...variables });
  const root = await app.addUser(`root-${name}@example.com`, 'admin');
  const user = await app.addUser(`${name}@example.com`);
  const signedIn = async (email: string) => {
    const visitor = app.visitor(MARKS);
    const credentials = toBody({ email, password: PASSWORD });
    expect((await visitor.post('/auth_session/login', credentials)).status).toBe(200);
    return visitor;
  };
  const holder = await signedIn(user.email);
  app.clock.advance(4 * MINUTE);
  expect((await holder.get('/users/me')).status).toBe(200);
  app.clock.advance(6 * MINUTE);
  return { app, root, user, holder, signedIn };
}

for (const [name, storage] of Object.entries(STORAGES)) {
  storage.describe(`Whoever holds the token of a session on ${name}`, () => {
    const type = name === 'memory' ? 'session_exp_auth' : 'session_db_auth';
    let opened: Awaited<ReturnType<typeof storage.open>>;
    let harness: Harness;
    let count = 0;

    beforeAll(async () => {
      opened = await storage.open();
    });

    afterEach(() => harness.app.stop());

    afterAll(() => opened.drop());

    /** The token of a session a minute after what may have been its end. */
    async function outlived({ variables = {}, end }: Pick<Way, 'variables' | 'end'>): Promise<string> {
      count += 1;
      harness = await open({ AUTH_TYPE: type, ...opened.variables, ...variables }, `ann-${count}`);
      const token = tokenOwner(harness.holder);
      await end(harness);
      harness.app.clock.advance(MINUTE);
      return token;
    }

    const wholeOfUnknown = async () => wholeOf(await shown(harness.app, unknown()));

    /** Whoever presents no token at all has what they sent taken back; whether one was ever given out, nobody learns. */
    const expectSecrecy = async (token: string) => {
      const [plain, misspelt] = [await wholeOfUnknown(), wholeOf(await shown(harness.app, 'misspelt'))];
      const other = tokenOwner(await harness.signedIn(harness.root.email));
      for (const stranger of strangersTo(token, other)) {
        const expected = SessionToken.parse(stranger) ? plain : misspelt;
        expect([stranger, wholeOf(await shown(harness.app, stranger))]).toEqual([stranger, expected]);
      }
    };

    it.each(Object.entries<Way>(WAYS))(
      'is told when and why it ended, for a day, and nobody else is: %s',
      async (_, way) => {
        const token = await outlived(way);
        for (const path of ['/users/me', '/sessions', '/nowhere', '/users/me']) {
          const { status, headers, body } = await shown(harness.app, token, path);
          expect([status, body]).toEqual([
            401,
            {
              type: 'about:blank',
              title: 'Unauthorized',
              status: 401,
              code: way.code,
              detail: way.detail,
              error: 'Unauthorized',
              requestId: 'request-0001',
              ended_at: '2026-01-01T12:10:00.000Z',
            },
          ]);
          expect(headers.getSetCookie()).toEqual([FORGOTTEN]);
        }
        await expectSecrecy(token);
        harness.app.clock.advance(ENDING_KEPT_FOR - MINUTE - 1);
        expect((await shown(harness.app, token)).body).toMatchObject({ code: way.code, detail: way.detail });
        harness.app.clock.advance(1);
        expect(wholeOf(await shown(harness.app, token))).toBe(await wholeOfUnknown());
      },
    );

    it('is told that it was for the disabling, also when that is undone', async () => {
      const token = await outlived({ end: disable });
      await harness.app.nest.get(UsersService).update(harness.user.id, { disabled: false });
      expect((await shown(harness.app, token)).body).toMatchObject({
        code: 'user_disabled',
        ended_at: '2026-01-01T12:10:00.000Z',
      });
    });

    it('is accepted while it is live', async () => {
      const token = await outlived({ end: () => Promise.resolve() });
      await expectSecrecy(token);
      expect((await shown(harness.app, token)).status).toBe(200);
    });

    it('is told nothing where it was not its last', async () => {
      let last = '';
      const token = await outlived({
        end: async ({ holder }) => {
          await holder.post('/sessions/current/reauthenticate', { password: PASSWORD });
          last = tokenOwner(holder);
          await holder.delete('/auth_session/logout');
        },
      });
      expect((await shown(harness.app, last)).body.code).toBe('session_signed_out');
      expect(wholeOf(await shown(harness.app, token))).toBe(await wholeOfUnknown());
    });
  });
}

describe('A token that nobody knows', () => {
  it('is no valid credential, and one that is not shown is missing: no more is said', async () => {
    const app = await TestApp.start();
    for (const [cookie, code, detail] of [
      [`sid=${unknown()}`, 'credentials_invalid', 'Invalid credentials. Check them, or sign in again.'],
      [
        'other=1',
        'credentials_missing',
        'This request needs authentication. Sign in, or send your credentials with the request.',
      ],
    ] as const)
      expect((await app.visitor({ ...MARKS, cookie }).get('/users/me')).body).toEqual({
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        code,
        detail,
        error: 'Unauthorized',
        requestId: 'request-0001',
      });
    await app.stop();
  });
});

describe('Under the course contract, a client with the token of an ended session', () => {
  const { 'left idle': _, ...ways } = WAYS;
  let harness: Harness;

  afterEach(() => harness.app.stop());

  it.each(
    Object.entries<Pick<Way, 'variables' | 'end'>>({
      ...ways,
      'at its longest life': { ...WAYS['at its longest life'], variables: { SESSION_DURATION: '600' } },
      disabled: { end: disable },
    }),
  )('learns nothing but that: %s', async (_, { variables, end }) => {
    const alx = { AUTH_TYPE: 'session_db_auth', AUTH_COMPAT: 'alx', DATABASE_URL: newDatabase() };
    harness = await open({ ...alx, ...variables }, 'ann', (credentials) => new URLSearchParams(credentials));
    const token = tokenOwner(harness.holder);
    await end(harness);
    const answer = await shown(harness.app, token);
    expect([answer.status, answer.body]).toEqual([403, { error: 'Forbidden' }]);
    expect(wholeOf(answer)).toBe(wholeOf(await shown(harness.app, unknown())));
  });
});
