import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModulesContainer } from '@nestjs/core';
import {
  ALL_EVENTS,
  AuditStore,
  FactorStore,
  FactorsService,
  PasswordHasher,
  PasswordResetService,
  SessionStore,
  type User,
  UserStore,
} from 'coatcheck';
import { aSession, aUser } from 'coatcheck/testing';
import { hashOfRecoveryCode } from '../src/factors/recovery-codes.js';
import { RouteTable } from '../src/http/route-table.js';
import { SessionToken } from '../src/sessions/session-token.js';
import { identityOf } from '../src/users/identity.js';
import { aTaskOwner } from '../src/testing/samples.js';
import { PASSWORD, TestApp, basic } from './support/app.js';
import { ORIGIN, aPasskey, codeOf, giveFactors } from './support/factors.js';
import { SoftPasskey } from './support/soft-passkey.js';
import { Wire, type WireAnswer, requestOf } from './support/wire.js';

const API = '/api/v1';
const NEW_PASSWORD = 'another good password';

type Strategy = 'session_db_auth' | 'token_auth' | 'basic_auth';

/** An administrator with two sessions, of which a request presents the first. */
interface Person {
  readonly user: User;
  readonly sessionId: string;
  readonly otherId: string;
  readonly token: string;
}

/** Each presents one credential: Ann a cookie, Bob a bearer token, Carol her password. */
interface People {
  readonly ann: Person;
  readonly bob: Person;
  readonly carol: Person;
}
type Name = keyof People;

/** What is presented, in the order of the header lines; of two `Authorization` lines the first counts. */
const PRESENTED: readonly (readonly Strategy[])[] = [
  ['session_db_auth', 'token_auth'],
  ['session_db_auth', 'basic_auth'],
  ['session_db_auth', 'token_auth', 'basic_auth'],
  ['session_db_auth', 'basic_auth', 'token_auth'],
];

const HOLDERS: Readonly<Record<Strategy, Name>> = {
  session_db_auth: 'ann',
  token_auth: 'bob',
  basic_auth: 'carol',
};

const ORDERS: readonly (readonly Strategy[])[] = [
  ['session_db_auth', 'token_auth', 'basic_auth'],
  ['session_db_auth', 'basic_auth', 'token_auth'],
  ['token_auth', 'session_db_auth', 'basic_auth'],
  ['token_auth', 'basic_auth', 'session_db_auth'],
  ['basic_auth', 'session_db_auth', 'token_auth'],
  ['basic_auth', 'token_auth', 'session_db_auth'],
];

/** What a route does for the sender (`me`) or to another user, Dora. */
interface Effect {
  readonly path?: (me: Person, dora: Person) => string;
  readonly body?: (dora: Person, resetToken: string) => object;
  /** Does what must come before, and returns the body of the sender. `place` is where the sender is signed in. */
  readonly prepare?: (app: TestApp, me: Person, place: string, dora: Person) => Promise<object | undefined>;
  readonly status?: number;
  /** The types of its events, in order. */
  readonly events: readonly string[];
  /** The same of a request by Basic authentication, where they differ. */
  readonly withoutSession?: readonly string[];
  /** It changes something, and records nothing. */
  readonly isSilent?: true;
  /** Whose account or sessions it changes, which is also whom the events are about. */
  readonly changes: 'me' | 'dora' | 'new user';
  /** What it does with the token of the session that it acts for; nothing if left out. */
  readonly token?: 'new' | 'taken back';
  /** It asks nobody who they are: what is in the body counts, and that is Dora's. */
  readonly isPublic?: true;
}

const newEmail = () => `${randomUUID()}@example.com`;
const RECOVERY_CODE = '7k2mq9-7k2mq9-7k2mq9-7k2mq9';
const FIRST_FACTOR = ['factor_added', 'session_ended', 'session_ended'];
const PASSWORD_CHANGE = ['password_changed', 'session_ended', 'session_ended'];

const EFFECTS: Readonly<Record<string, Effect>> = {
  'POST /auth_session/login': {
    body: ({ user }) => ({ email: user.email, password: PASSWORD }),
    events: ['sign_in'],
    changes: 'dora',
    token: 'new',
    isPublic: true,
  },
  'DELETE /auth_session/logout': {
    events: ['session_ended'],
    withoutSession: [],
    changes: 'me',
    token: 'taken back',
  },
  'DELETE /sessions': {
    path: () => '/sessions?scope=all',
    events: ['session_ended', 'session_ended'],
    changes: 'me',
    token: 'taken back',
  },
  'DELETE /sessions/:id': {
    path: ({ sessionId }) => `/sessions/${sessionId}`,
    events: ['session_ended'],
    changes: 'me',
    token: 'taken back',
  },
  'PATCH /sessions/:id': {
    path: ({ sessionId }) => `/sessions/${sessionId}`,
    body: () => ({ label: 'Laptop' }),
    events: ['session_renamed'],
    changes: 'me',
  },
  'POST /sessions/current/reauthenticate': {
    body: () => ({ password: PASSWORD }),
    events: ['reauthenticated'],
    withoutSession: [],
    changes: 'me',
    token: 'new',
  },
  'POST /access_tokens': {
    body: () => ({ label: 'Backup', scope: 'read', expires_at: '2026-02-01' }),
    status: 201,
    events: ['session_opened'],
    changes: 'me',
  },
  'PUT /users/me/password': {
    body: () => ({ current_password: PASSWORD, new_password: NEW_PASSWORD }),
    events: [...PASSWORD_CHANGE, 'session_opened'],
    withoutSession: PASSWORD_CHANGE,
    changes: 'me',
    token: 'new',
  },
  'PUT /users/me': { body: () => ({ email: newEmail() }), events: ['email_changed'], changes: 'me' },
  'PATCH /users/me': { body: () => ({ email: newEmail() }), events: ['email_changed'], changes: 'me' },
  'DELETE /users/me': { events: ['user_deleted', 'session_ended', 'session_ended'], changes: 'me' },
  'POST /users': {
    body: () => ({ email: newEmail(), password: NEW_PASSWORD }),
    status: 201,
    events: ['user_created'],
    changes: 'new user',
  },
  'PUT /users/:id': {
    path: (_, { user }) => `/users/${user.id}`,
    body: () => ({ role: 'user' }),
    events: ['role_changed'],
    changes: 'dora',
  },
  'PATCH /users/:id': {
    path: (_, { user }) => `/users/${user.id}`,
    body: () => ({ disabled: true }),
    events: ['user_disabled', 'session_ended', 'session_ended'],
    changes: 'dora',
  },
  'DELETE /users/:id': {
    path: (_, { user }) => `/users/${user.id}`,
    events: ['user_deleted', 'session_ended', 'session_ended'],
    changes: 'dora',
  },
  'POST /users/:id/password_reset': {
    path: (_, { user }) => `/users/${user.id}/password_reset`,
    body: () => ({ revoke: true }),
    status: 201,
    events: ['session_ended', 'session_ended', 'password_reset_issued'],
    changes: 'dora',
  },
  'POST /password/reset': {
    body: (_, token) => ({ token, new_password: NEW_PASSWORD }),
    events: ['password_reset', 'session_ended', 'session_ended'],
    changes: 'dora',
    isPublic: true,
  },
  'POST /factors/totp/confirm': {
    prepare: async (app, { user }, place) => {
      const owner = { identity: identityOf(user), place, proofs: { password: app.clock.now() } };
      const { secret } = await app.nest.get(FactorsService).beginTotp(owner);
      return { code: codeOf(app, secret) };
    },
    events: [...FIRST_FACTOR, 'session_opened'],
    withoutSession: FIRST_FACTOR,
    changes: 'me',
    token: 'new',
  },
  'POST /factors/passkeys': {
    prepare: async (app, { user }, place) => {
      const owner = { identity: identityOf(user), place, proofs: { password: app.clock.now() } };
      const options = await app.nest.get(FactorsService).beginPasskey(owner);
      const passkey = new SoftPasskey(new URL(ORIGIN).hostname, ORIGIN);
      return { name: 'Laptop', credential: passkey.create(options as Record<string, unknown>) };
    },
    status: 201,
    events: [...FIRST_FACTOR, 'session_opened'],
    withoutSession: FIRST_FACTOR,
    changes: 'me',
    token: 'new',
  },
  'PATCH /factors/passkeys/:id': {
    path: () => `/factors/passkeys/${aPasskey.id}`,
    prepare: async (app, { user }) => {
      await giveFactors(app, user.id, { passkeys: [aPasskey] });
      return { name: 'Phone' };
    },
    events: [],
    isSilent: true,
    changes: 'me',
  },
  'POST /factors/confirm': {
    prepare: async (app, { user }) => {
      const recovery = { hashes: [hashOfRecoveryCode(RECOVERY_CODE)], createdAt: 0 };
      await giveFactors(app, user.id, { passkeys: [aPasskey], recovery });
      return { recovery_code: RECOVERY_CODE };
    },
    events: ['reauthenticated'],
    withoutSession: [],
    changes: 'me',
    token: 'new',
  },
  'DELETE /users/:id/factors': {
    path: (_, { user }) => `/users/${user.id}/factors`,
    prepare: async (app, _, __, { user }) => {
      await giveFactors(app, user.id, { passkeys: [aPasskey] });
      return undefined;
    },
    events: ['factors_reset'],
    changes: 'dora',
  },
  'DELETE /users/:id/sessions': {
    path: (_, { user }) => `/users/${user.id}/sessions`,
    events: ['session_ended', 'session_ended'],
    changes: 'dora',
  },
  'DELETE /users/:id/sessions/:session': {
    path: (_, { user, otherId }) => `/users/${user.id}/sessions/${otherId}`,
    events: ['session_ended'],
    changes: 'dora',
  },
};

/** Routes of factors that change nothing of a user, that need a proof by a factor, or that ask nobody who they are. */
const NOT_HERE =
  /^POST \/factors\/(totp|passkey_options|confirm\/options|recovery_codes)$|^DELETE \/factors|\/auth_session\/(second_step|passkey)/;

describe.each(ORDERS)('With AUTH_TYPE=%s,%s,%s', (...order) => {
  let app: TestApp;
  let wire: Wire;
  let passwordHash: string;
  /** Those of whom a test changed nothing; the next goes on with them. */
  let unchanged: Partial<People & { readonly dora: Person }> = {};

  beforeAll(async () => {
    app = await TestApp.start({ AUTH_TYPE: order.join(','), MFA_BASIC: 'on', PASSKEY_ORIGINS: ORIGIN });
    wire = new Wire(app.root);
    passwordHash = await app.nest.get(PasswordHasher).hash(PASSWORD, aTaskOwner());
  });

  afterAll(async () => {
    wire.close();
    await app.stop();
  });

  async function newPerson(transport: 'cookie' | 'bearer'): Promise<Person> {
    const user = aUser({ role: 'admin' });
    await app.nest.get(UserStore).insert(user, passwordHash);
    const [first, second] = [
      SessionToken.issue(app.clock.now(), user.id),
      SessionToken.issue(app.clock.now(), user.id),
    ];
    for (const { id, secretHash } of [first, second])
      await app.nest.get(SessionStore).insert(aSession({ id, secretHash, userId: user.id, transport }));
    return { user, sessionId: first.id, otherId: second.id, token: first.reveal() };
  }

  function linesOf({ ann, bob, carol }: People): Readonly<Record<Strategy, [name: string, value: string]>> {
    return {
      session_db_auth: ['Cookie', `sid=${ann.token}`],
      token_auth: ['Authorization', `Bearer ${bob.token}`],
      basic_auth: ['Authorization', basic(carol.user.email).authorization!],
    };
  }

  /** All that is kept of a user: the account, the password, the factors and the sessions. */
  async function kept({ user }: Person): Promise<unknown> {
    return [
      await app.nest.get(UserStore).find(user.id),
      (await app.nest.get(UserStore).findCredential(user.email))?.passwordHash,
      await app.nest.get(FactorStore).find(user.id),
      (await app.nest.get(SessionStore).findByUser(user.id, app.clock.now())).toSorted((a, b) =>
        a.id < b.id ? -1 : 1,
      ),
    ];
  }

  /** What has been recorded since an event, as `type of subject by actor`. */
  async function recordedSince(lastId: string | undefined, people: Readonly<Record<string, Person>>) {
    const nameOf = (id: string | null) =>
      Object.keys(people).find((name) => people[name]!.user.id === id) ?? 'somebody else';
    const events = await newestEvents();
    const newer = events.slice(
      0,
      events.findIndex(({ id }) => id === lastId),
    );
    return newer
      .toReversed()
      .map(({ type, subjectId, actorId }) => `${type} of ${nameOf(subjectId)} by ${nameOf(actorId)}`);
  }

  /** What the answer does with the tokens of the client: `new` and whose session it is of, `taken back`, or null. */
  async function handedOut({ headers, body }: WireAnswer, people: Readonly<Record<string, Person>>) {
    const about = async (token: string | undefined) => {
      if (token === '') return 'taken back';
      const [id = ''] = token?.split('.') ?? [];
      const session = await app.nest.get(SessionStore).find(id, app.clock.now());
      if (!session || session.kind === 'access_token') return null;
      const name = Object.keys(people).find((one) => people[one]!.user.id === session.userId);
      return `new, of ${name}`;
    };
    const { token } = JSON.parse(body) as { token?: string };
    return {
      cookie: await about(/^sid=([^;]*)/.exec(headers.get('set-cookie') ?? '')?.[1]),
      bearer: await about(token),
    };
  }

  const newestEvents = async () => (await app.nest.get(AuditStore).list(ALL_EVENTS, 20, null)).events;

  it('every route that changes something has a row here', () => {
    const { routes } = new RouteTable(app.nest.get(ModulesContainer), '');
    const unsafe = routes
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path}`);
    expect(unsafe.filter((route) => !NOT_HERE.test(route)).toSorted()).toEqual(
      Object.keys(EFFECTS).toSorted(),
    );
  });

  describe.each(PRESENTED.map((presented) => [presented.join(' and '), presented] as const))(
    'and a request with %s',
    (_, presented) => {
      const authorization = presented.find((one) => one !== 'session_db_auth');
      const counting = new Set(presented.filter((one) => one === 'session_db_auth' || one === authorization));
      const deciding = order.find((one) => counting.has(one))!;
      const hasCookie = presented.includes('session_db_auth');

      it.each(Object.entries(EFFECTS))('%s acts for the credential that decides', async (route, effect) => {
        const people = {
          ann: unchanged.ann ?? (await newPerson('cookie')),
          bob: unchanged.bob ?? (await newPerson('bearer')),
          carol: await newPerson('cookie'),
          dora: unchanged.dora ?? (await newPerson('cookie')),
        };
        const { dora } = people;
        const me = people[HOLDERS[deciding]];
        const resets = app.nest.get(PasswordResetService);
        const hasSession = deciding !== 'basic_auth';
        const place = hasSession ? `session ${me.sessionId}` : `user ${me.user.id}`;
        const prepared = await effect.prepare?.(app, me, place, dora);
        const resetToken = effect.isPublic ? (await resets.issue(dora.user.id)).token.reveal() : '';
        const before = await Promise.all(Object.values(people).map(kept));
        const [last] = await newestEvents();

        const [method = '', pattern = ''] = route.split(' ');
        const body = prepared ?? effect.body?.(dora, resetToken);
        const answer = await wire.ask(
          requestOf(
            method,
            API + (effect.path?.(me, dora) ?? pattern),
            [['Content-Type', 'application/json'], ...presented.map((one) => linesOf(people)[one])],
            body && JSON.stringify(body),
          ),
          method,
        );

        const events = hasSession ? effect.events : (effect.withoutSession ?? effect.events);
        const isDone = effect.isSilent ?? events.length > 0;
        // A sign-in replaces the session of the cookie that came with it.
        const replaced = route.endsWith('/login') && hasCookie ? ['ann'] : [];
        const subject = { me: HOLDERS[deciding], dora: 'dora', 'new user': 'somebody else' }[effect.changes];
        const actor = effect.isPublic ? 'dora' : HOLDERS[deciding];
        expect(answer?.status).toBe(isDone ? (effect.status ?? 200) : 404);
        const after = await Promise.all(Object.values(people).map(kept));
        const changed = Object.keys(people).filter((__, at) => !isSame(before[at], after[at]));
        unchanged = Object.fromEntries(Object.entries(people).filter(([name]) => !changed.includes(name)));
        expect(changed).toEqual([...replaced, ...(isDone ? [subject] : [])].filter((name) => name in people));
        const proven = hasSession || effect.isPublic ? [] : ['sign_in of carol by carol'];
        expect(await recordedSince(last?.id, people)).toEqual([
          ...proven,
          ...replaced.map((name) => `session_ended of ${name} by dora`),
          ...events.map((type) => `${type} of ${subject} by ${actor}`),
        ]);
        const [newest] = await newestEvents();
        if (route.endsWith('/logout') && isDone) expect(newest?.sessionId).toBe(me.sessionId);
        // A sign-in issues a cookie unless it asks for a bearer token.
        const issuer = effect.isPublic ? 'session_db_auth' : deciding;
        const token = effect.token === 'new' ? `new, of ${subject}` : (effect.token ?? null);
        expect(await handedOut(answer!, people)).toEqual({
          cookie: issuer === 'session_db_auth' ? token : null,
          bearer: issuer === 'token_auth' && effect.token === 'new' ? token : null,
        });
      });
    },
  );
});

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
