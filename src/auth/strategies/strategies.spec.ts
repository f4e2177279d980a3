import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { anExchange } from '../../../test/support/exchange.js';
import { type Limits, SessionLifetime } from '../../sessions/session-lifetime.js';
import { SessionToken } from '../../sessions/session-token.js';
import { SessionsOptions } from '../../sessions/sessions-options.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { AuditTrail } from '../../audit/audit-trail.js';
import { SecurityEvents } from '../../audit/security-events.js';
import { ALL_EVENTS } from '../../audit/audit-store.js';
import { MemoryAuditStore } from '../../storage/memory/memory.audit-store.js';
import { MemorySessionStore } from '../../storage/memory/memory.session-store.js';
import { MemoryUserStore } from '../../storage/memory/memory.user-store.js';
import { SqlSessionStore } from '../../storage/sql/sql.session-store.js';
import { SqliteDatabase } from '../../storage/sql/sqlite.database.js';
import { type AuthWorld, describeAuth } from '../../testing/describe-auth.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { aTaskOwner, aThrottle, aUser } from '../../testing/samples.js';
import { BcryptPasswordHasher } from '../../users/passwords/bcrypt.password-hasher.js';
import type { User } from '../../users/user.js';
import { UsersOptions } from '../../users/users-options.js';
import { UsersService } from '../../users/users.service.js';
import { ANONYMOUS, type Auth, type SignInOptions } from '../auth.js';
import type { AuthRequest } from '../auth-request.js';
import { AuthChain } from './auth-chain.js';
import { AuthOptions } from '../auth-options.js';
import { Carriers } from '../carriers/carriers.js';
import { BearerCarrier } from '../carriers/bearer-carrier.js';
import { CookieCarrier } from '../carriers/cookie-carrier.js';
import { exchangeIn } from '../exchange/exchange.js';
import type { HttpExchange } from '../exchange/http-exchange.js';
import { sessionUsersOf } from '../session-users.js';
import { SignInService } from '../sign-in.service.js';
import { BasicAuth } from './basic.auth.js';
import { SessionAuth } from './session.auth.js';
import { SessionDbAuth } from './session-db.auth.js';
import { SessionExpAuth } from './session-exp.auth.js';
import { TokenAuth } from './token.auth.js';
import { identityOf } from '../../users/identity.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PASSWORD = 'the right password';
const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
const passwordHash = hasher.hash(PASSWORD, aTaskOwner());
const options = new AuthOptions({ cookie: { name: 'sid', secure: false } });

const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

const cookieForgeries = [
  '',
  'nonsense',
  '__proto__',
  SessionToken.issue(new Date(), 'ann').reveal(),
  `${SessionToken.issue(new Date(), 'ann').reveal()}; sid=${SessionToken.issue(new Date(), 'ann').reveal()}`,
].map((value) => ({ cookie: `sid=${value}` }));

const basicForgeries = [
  basic('ann@example.com', 'the wrong password'),
  basic('nobody@example.com', 'the right password'),
  basic('ann@example.com', ''),
  { authorization: 'Basic ????' },
  { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` },
  { authorization: `Basic ${Buffer.from([0xff, 0xfe, 0x3a]).toString('base64')}` },
  { authorization: `${basic('ann@example.com', 'the right password').authorization}=` },
];

const bearerForgeries = cookieForgeries.map(({ cookie }) => ({
  authorization: `Bearer ${cookie.slice('sid='.length)}`,
}));

const aDurableStore = async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
  return new SqlSessionStore(await SqliteDatabase.open(file, 500));
};

/** The built-in carriers. */
const carriersOf = (given: AuthOptions) => new Carriers(new CookieCarrier(given), new BearerCarrier());

const session = ({ sessions, sessionUsers }: Pick<AuthWorld, 'sessions' | 'sessionUsers'>) =>
  new SessionAuth(sessions, sessionUsers, carriersOf(options), options);

const tokenAuth = ({ sessions, sessionUsers }: Pick<AuthWorld, 'sessions' | 'sessionUsers'>) =>
  new TokenAuth(sessions, sessionUsers, carriersOf(options), options);

describeAuth('BasicAuth', { remembers: false }, ({ users }) => ({
  auth: new BasicAuth(users.passwords, options),
  headersOf: (user, password) => basic(user.email, password),
  forgeries: basicForgeries,
}));

describeAuth('SessionAuth', { remembers: true }, (world) => ({
  auth: session(world),
  forgeries: cookieForgeries,
}));

describeAuth('SessionExpAuth', { remembers: true }, ({ sessions, sessionUsers }) => ({
  auth: new SessionExpAuth(sessions, sessionUsers, carriersOf(options), options),
  forgeries: cookieForgeries,
}));

describeAuth(
  'SessionDbAuth',
  { remembers: true },
  ({ sessions, sessionUsers }) => ({
    auth: new SessionDbAuth(sessions, sessionUsers, carriersOf(options), options),
    forgeries: cookieForgeries,
  }),
  aDurableStore,
);

describeAuth(
  'TokenAuth',
  { remembers: true },
  (world) => ({ auth: tokenAuth(world), transport: 'bearer', forgeries: bearerForgeries }),
  aDurableStore,
);

describeAuth('AuthChain', { remembers: true }, (world) => ({
  auth: new AuthChain([session(world), new BasicAuth(world.users.passwords, options)]),
  forgeries: [...cookieForgeries, basic('ann@example.com', 'the wrong password')],
}));

describe('AuthChain', () => {
  it('does not try the next strategy after a rejected credential', async () => {
    const { users, auth } = aHarness();
    await users.create(
      { email: 'ann@example.com', password: 'the right password', firstName: null, lastName: null },
      'user',
    );
    const chain = new AuthChain([auth, new BasicAuth(users.passwords, options)]);
    const good = basic('ann@example.com', 'the right password');
    expect(await chain.authenticate(request(good))).toMatchObject({ outcome: 'authenticated' });
    expect(await chain.authenticate(request({ ...good, cookie: 'sid=forged' }))).toMatchObject({
      outcome: 'rejected',
    });
  });

  it('without strategies treats every request as anonymous', async () => {
    expect(await new AuthChain([]).authenticate(request({ cookie: 'sid=x' }))).toEqual({
      outcome: 'anonymous',
    });
  });
});

describe('AuthChain with a sign-in', () => {
  const chains = {
    first: ({ users, auth }: ReturnType<typeof aHarness>) => [auth, new BasicAuth(users.passwords, options)],
    last: ({ users, auth }: ReturnType<typeof aHarness>) => [new BasicAuth(users.passwords, options), auth],
  };

  it.each(Object.entries(chains))('signs in and out if the %s strategy does', async (_, linksOf) => {
    const harness = aHarness();
    const chain = new AuthChain(linksOf(harness));
    const signIns = harness.signInsOf(chain);
    const user = aUser();
    await harness.userStore.insert(user, 'hash');
    expect(signIns.transports).toEqual(['cookie']);
    expect(await signIns.signOut(anExchange())).toBe(false);
    const exchange = anExchange();
    expect(await signIns.signIn(user, exchange)).toMatchObject({ session: { userId: user.id }, token: null });
    const [cookie = ''] = String(exchange.response.getHeader('set-cookie')).split(';');
    expect(await chain.authenticate(request({ cookie }))).toMatchObject({ outcome: 'authenticated' });
    expect(await signIns.signOut(anExchange({ cookie }))).toBe(true);
    expect(await signIns.signOut(anExchange({ cookie }))).toBe(false);
  });

  it('neither signs in nor out if no strategy does', async () => {
    const harness = aHarness();
    const signIns = harness.signInsOf(new AuthChain([new BasicAuth(harness.users.passwords, options)]));
    expect(signIns.transports).toEqual([]);
    await expect(signIns.signIn(aUser(), anExchange())).rejects.toMatchObject({ code: 'validation_failed' });
    expect(await signIns.signOut(anExchange())).toBe(false);
  });
});

describe('The challenges', () => {
  const chainOf = async () => {
    const world = await aDurableWorld();
    return new AuthChain([
      session(world),
      tokenAuth(world),
      new BasicAuth(aHarness().users.passwords, options),
    ]);
  };

  it('name each strategy of a chain and the realm', async () => {
    expect((await chainOf()).challenges).toEqual([
      'Session realm="coatcheck"',
      'Bearer realm="coatcheck"',
      'Basic realm="coatcheck", charset="UTF-8"',
    ]);
    expect(new AuthChain([]).challenges).toEqual([]);
  });

  it('say that a bearer token is invalid, and the others stay', async () => {
    const result = await (await chainOf()).authenticate(request({ authorization: 'Bearer nonsense' }));
    expect(result).toMatchObject({
      challenges: [
        'Session realm="coatcheck"',
        'Bearer realm="coatcheck", error="invalid_token"',
        'Basic realm="coatcheck", charset="UTF-8"',
      ],
    });
  });
});

describe('Basic credentials', () => {
  const outcomeOf = async (name: string, password: string) => {
    const { users } = aHarness();
    const email = 'ann@example.com';
    await users.create(
      { email, password: 'a password: with colons:', firstName: null, lastName: null },
      'user',
    );
    return new BasicAuth(users.passwords, options).authenticate(request(basic(name, password)));
  };

  it('separate name and password at the first colon', async () => {
    expect(await outcomeOf('ann@example.com', 'a password: with colons:')).toMatchObject({
      outcome: 'authenticated',
      principal: { user: { email: 'ann@example.com' }, session: null },
    });
  });

  it.each([
    ['ann@example.com', 'a password: with colons'],
    ['ann@example.com', 'a password'],
    ['', 'ann@example.com:a password: with colons:'],
  ])('are rejected unless they match exactly: %s:%s', async (name, password) => {
    expect(await outcomeOf(name, password)).toEqual({
      outcome: 'rejected',
      reason: 'credentials_invalid',
      at: null,
    });
  });
});

describe('Malformed Basic credentials', () => {
  const encoded = (bytes: Buffer | string) => ({
    authorization: `Basic ${Buffer.from(bytes as string).toString('base64')}`,
  });

  it.each([
    ['without a colon', 'ann@example.com!', encoded('ann@example.com!')],
    [
      'that are not UTF-8',
      'a password with a \ufffd in it',
      encoded(Buffer.from('ann@example.com:a password with a \xff in it', 'latin1')),
    ],
  ])('%s are rejected, even if a lenient decoder would accept them', async (_, password, headers) => {
    const { users, userStore } = aHarness();
    const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
    await userStore.insert(aUser({ email: 'ann@example.com' }), await hasher.hash(password, aTaskOwner()));
    const auth = new BasicAuth(users.passwords, options);
    expect(await auth.authenticate(request(basic('ann@example.com', password)))).toMatchObject({
      outcome: 'authenticated',
    });
    expect(await auth.authenticate(request(headers))).toEqual({
      outcome: 'rejected',
      reason: 'credentials_invalid',
      at: null,
    });
  });
});

describe('The audit trail of BasicAuth', () => {
  beforeEach(() => Logger.overrideLogger(false));
  afterEach(() => Logger.overrideLogger(new ConsoleLogger()));

  it('has one event for each credential that was not verified recently', async () => {
    const { users, clock } = aHarness();
    const store = new MemoryAuditStore();
    const auth = new BasicAuth(users.passwords, options, new SecurityEvents(new AuditTrail(store, clock)));
    const { id } = await users.create(
      { email: 'ann@example.com', password: 'the right password', firstName: null, lastName: null },
      'user',
    );
    for (const headers of [
      {},
      { authorization: 'Basic ????' },
      basic('ann@example.com', 'the wrong password'),
      basic('ann@example.com', 'the right password'),
      basic('ann@example.com', 'the right password'),
      basic('ann@example.com', 'the right password'),
    ])
      await auth.authenticate(request(headers));
    const { events } = await store.list(ALL_EVENTS, 10, null);
    const facts = { via: 'http', actorId: null, sessionId: null };
    expect(events.toReversed()).toMatchObject([
      {
        ...facts,
        type: 'sign_in_failed',
        subjectId: null,
        details: { method: 'basic', reason: 'malformed' },
      },
      {
        ...facts,
        type: 'sign_in_failed',
        subjectId: id,
        details: { method: 'basic', reason: 'wrong_password' },
      },
      { ...facts, type: 'sign_in', actorId: id, subjectId: id, details: { method: 'basic' } },
    ]);
    expect(events).toHaveLength(3);
  });
});

describe('A client with a session cookie', () => {
  it('has the cookie deleted at sign-out, and when the token is invalid', async () => {
    const harness = aHarness();
    const token = await harness.signIn();
    for (const [sent, hasEnded, cleared] of [
      [token, true, '"cache"'],
      [token, false, undefined],
      ['forged', false, undefined],
    ] as const) {
      const exchange = anExchange({ cookie: `sid=${sent}` });
      await enter(harness.auth, exchange);
      expect(await harness.signIns.signOut(exchange)).toBe(hasEnded);
      expect(String(exchange.response.getHeader('set-cookie'))).toMatch(
        /^sid=; Path=\/; Expires=Thu, 01 Jan 1970/,
      );
      expect(exchange.response.getHeader('clear-site-data')).toBe(cleared);
    }
  });

  it('gets no headers at sign-out if it sends no cookie', async () => {
    const exchange = anExchange();
    expect(await aHarness().signIns.signOut(exchange)).toBe(false);
    expect(exchange.response.getHeaderNames()).toEqual([]);
  });

  it.each([
    ['signed_out', 'session_signed_out'],
    ['ended_elsewhere', 'session_ended_elsewhere'],
    ['evicted', 'session_evicted'],
    ['ended_by_admin', 'session_ended_by_admin'],
    ['password_changed', 'password_changed'],
    ['user_disabled', 'user_disabled'],
  ] as const)('gets the reason why the session ended: %s', async (reason, code) => {
    const harness = aHarness();
    const token = await harness.signIn();
    await harness.sessions.end(SessionToken.parse(token)!.id, reason);
    expect(await harness.outcome(token)).toBe(code);
  });

  it('gets the state of the user even if the session was not ended', async () => {
    const harness = aHarness();
    const user = aUser();
    const token = await harness.signIn(user);
    await harness.users.update(user.id, { disabled: true });
    expect(await harness.outcome(token)).toBe('user_disabled');
    await harness.users.update(user.id, { disabled: false });
    expect(await harness.outcome(token)).toBe('password_changed');
    await harness.users.remove(user.id);
    expect(await harness.outcome(token)).toBe('credentials_invalid');
  });

  it('keeps its new cookie when a request with the replaced token arrives late', async () => {
    const harness = aHarness();
    const token = await harness.signIn();
    const renewal = anExchange({ cookie: `sid=${token}` });
    await enter(harness.auth, renewal);
    expect(await harness.signIns.reauthenticate(PASSWORD, renewal)).toMatchObject({ token: null });
    const unknown = SessionToken.reissue(SessionToken.issue(new Date(), 'ann').id).reveal();
    for (const late of [token, unknown]) {
      const exchange = anExchange({ cookie: `sid=${late}` });
      expect(await enter(harness.auth, exchange)).toMatchObject({ reason: 'credentials_invalid' });
      expect(exchange.response.getHeaderNames()).toEqual([]);
    }
  });

  it('gets a new session when it signs in again, and the old session ends', async () => {
    const harness = aHarness();
    const user = aUser();
    const token = await harness.signIn(user);
    const again = anExchange({ cookie: `sid=${token}` });
    const issued = await harness.signIns.signIn(user, again);
    expect(await harness.outcome(token)).toBe('session_signed_out');
    expect(await harness.sessions.list(user)).toEqual([issued.session]);
  });
});

describe('A session with limits', () => {
  const limits = { idle: 30 * MINUTE, absolute: 12 * HOUR };

  it('expires when it is not used, and the client gets that reason', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    harness.clock.advance(30 * MINUTE - 1);
    expect(await harness.outcome(token)).toBe('authenticated');
    harness.clock.advance(30 * MINUTE);
    expect(await harness.outcome(token)).toBe('session_expired_idle');
  });

  it('expires at the absolute limit although it is used, and the client gets that reason', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    for (let spent = 0; spent < 12 * HOUR; spent += 20 * MINUTE) {
      expect(await harness.outcome(token)).toBe('authenticated');
      harness.clock.advance(20 * MINUTE);
    }
    expect(await harness.outcome(token)).toBe('session_expired_absolute');
  });

  it('never expires if the limits are infinite', async () => {
    const harness = aHarness({ idle: Infinity, absolute: Infinity });
    const token = await harness.signIn();
    harness.clock.advance(1000 * 24 * HOUR);
    expect(await harness.outcome(token)).toBe('authenticated');
  });

  it('follows limits that became stricter since the sign-in', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    harness.clock.advance(10 * MINUTE);
    expect(await harness.withLimits({ idle: 5 * MINUTE, absolute: HOUR }).outcome(token)).toBe(
      'session_expired_idle',
    );
  });

  it('does not reveal its state to a client that has the id without the secret', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    const forged = SessionToken.reissue(SessionToken.parse(token)!.id).reveal();
    expect(await harness.outcome(forged)).toBe('credentials_invalid');
    harness.clock.advance(HOUR);
    expect(await harness.outcome(forged)).toBe('credentials_invalid');
    expect(await harness.outcome(token)).toBe('session_expired_idle');
  });
});

describe('A remembered session', () => {
  const limits = { idle: 30 * MINUTE, absolute: 12 * HOUR };
  const remembered = { idle: 48 * HOUR, absolute: 120 * HOUR };
  const signInOptions = { remember: true };

  it('has its own limits, and its cookie lasts until the absolute limit', async () => {
    const harness = aHarness(limits, remembered);
    const exchange = anExchange();
    const user = aUser();
    await harness.userStore.insert(user, 'hash');
    await harness.signIns.signIn(user, exchange, signInOptions);
    expect(maxAgeOf(exchange.response)).toBe(120 * 3600);
    const token = tokenIn(exchange.response);
    harness.clock.advance(47 * HOUR);
    expect(await harness.outcome(token)).toBe('authenticated');
    harness.clock.advance(48 * HOUR);
    expect(await harness.outcome(token)).toBe('session_expired_idle');
  });

  it('does not set its cookie again when it is used', async () => {
    const harness = aHarness(limits, remembered);
    const first = anExchange();
    const user = aUser();
    await harness.userStore.insert(user, 'hash');
    await harness.signIns.signIn(user, first, signInOptions);
    const token = tokenIn(first.response);
    const cookies: (number | null)[] = [];
    for (const hours of [1, 40, 40, 38]) {
      harness.clock.advance(hours * HOUR);
      const exchange = anExchange({ cookie: `sid=${token}` });
      expect(await enter(harness.auth, exchange)).toMatchObject({ outcome: 'authenticated' });
      cookies.push(maxAgeOf(exchange.response));
    }
    expect(cookies).toEqual([null, null, null, null]);
  });

  it('stays remembered when it is renewed, and a renewal does not make others remembered', async () => {
    const harness = aHarness(limits, remembered);
    const user = aUser();
    for (const [one, maxAge] of [
      [signInOptions, 120 * 3600],
      [{}, null],
    ] as const) {
      const token = await harness.signIn(user, one);
      harness.clock.advance(20 * MINUTE);
      const renewal = anExchange({ cookie: `sid=${token}` });
      await enter(harness.auth, renewal);
      expect(await harness.signIns.reauthenticate(PASSWORD, renewal)).toMatchObject({ token: null });
      expect(maxAgeOf(renewal.response)).toBe(maxAge);
    }
  });
});

describe('The ends of a session', () => {
  const limits = { idle: 30 * MINUTE, absolute: HOUR };
  const ends = (minutes: number | null, idleMinutes: number | null) => {
    const { clock } = aHarness();
    const at = (after: number | null) =>
      after === null ? null : new Date(clock.now().getTime() + after * MINUTE);
    return { expiresAt: at(minutes), idleExpiresAt: at(idleMinutes) };
  };
  const sessionIn = async ({ signIns }: Pick<ReturnType<typeof aHarness>, 'signIns'>) =>
    (await signIns.signIn(aUser(), anExchange())).session;

  it('are those of the current limits', async () => {
    const session = await sessionIn(aHarness(limits));
    expect(aHarness(limits).signIns.endsOf(session)).toEqual(ends(60, 30));
  });

  it('are the stored ones if the limits were stricter at sign-in', async () => {
    const session = await sessionIn(aHarness(limits));
    const milder = aHarness({ idle: 2 * HOUR, absolute: 4 * HOUR }).signIns;
    expect(milder.endsOf(session)).toEqual(ends(240, 30));
  });

  it('are null without limits', async () => {
    const harness = aHarness({ idle: Infinity, absolute: Infinity });
    expect(harness.signIns.endsOf(await sessionIn(harness))).toEqual({
      expiresAt: null,
      idleExpiresAt: null,
    });
    const busy = aHarness({ idle: Infinity, absolute: HOUR });
    expect(busy.signIns.endsOf(await sessionIn(busy))).toEqual(ends(60, null));
  });

  it('come from the strategy with the same transport', async () => {
    const world = await aDurableWorld();
    const [auth, tokens] = [session(world), tokenAuth(world)];
    const issued = await world
      .signInsOf(tokens)
      .signIn(aUser(), anExchange(), { transport: 'bearer', remember: false });
    const { endsOf } = {
      endsOf: (...all: Auth[]) => world.signInsOf(new AuthChain(all)).endsOf(issued.session),
    };
    expect(endsOf(auth, tokens)).toEqual(ends(12 * 60, 30));
    expect(endsOf(auth)).toEqual({ expiresAt: issued.session.expiresAt, idleExpiresAt: null });
  });

  it('of an access token do not depend on the limits of sessions', async () => {
    const { sessions } = aHarness();
    const { expiresAt } = ends(77, null);
    const opened = await sessions.open(
      aUser(),
      { ip: null, userAgent: null },
      SessionLifetime.unlimited,
      undefined,
      {
        kind: 'access_token',
        expiresAt: expiresAt!,
      },
    );
    expect(aHarness(limits).signIns.endsOf(opened.session)).toEqual({ expiresAt, idleExpiresAt: null });
  });
});

describe('A token', () => {
  it('of one transport is rejected over the other', async () => {
    const world = await aDurableWorld();
    const chain = new AuthChain([session(world), tokenAuth(world)]);
    const signIns = world.signInsOf(chain);
    const user = aUser();
    await world.userStore.insert(user, 'hash');
    const inCookie = anExchange();
    await signIns.signIn(user, inCookie);
    const cookie = tokenIn(inCookie.response);
    const bearer = (await signIns.signIn(user, anExchange(), { transport: 'bearer' })).token!.reveal();
    const outcomeOf = async (headers: Record<string, string>) =>
      (await chain.authenticate(request(headers))).outcome;
    expect(await outcomeOf({ cookie: `sid=${cookie}` })).toBe('authenticated');
    expect(await outcomeOf({ authorization: `Bearer ${bearer}` })).toBe('authenticated');
    expect(await outcomeOf({ cookie: `sid=${bearer}` })).toBe('rejected');
    expect(await outcomeOf({ authorization: `Bearer ${cookie}` })).toBe('rejected');
  });

  it('that ended after authentication is not replaced by another token of the same request', async () => {
    const world = await aDurableWorld();
    const chain = new AuthChain([session(world), tokenAuth(world)]);
    const signIns = world.signInsOf(chain);
    const [mallory, ann] = [await world.newUser(), await world.newUser()];
    const inCookie = anExchange();
    const { session: ended } = await signIns.signIn(mallory, inCookie);
    const token = (await signIns.signIn(ann, anExchange(), { transport: 'bearer' })).token!.reveal();
    const both = { cookie: `sid=${tokenIn(inCookie.response)}`, authorization: `Bearer ${token}` };
    const exchange = anExchange(both);
    await enter(chain, exchange);
    await world.sessions.end(ended.id, 'ended_elsewhere');
    await expect(signIns.reauthenticate(PASSWORD, exchange)).rejects.toMatchObject({
      code: 'credentials_invalid',
    });
    expect(await signIns.signOut(exchange)).toBe(false);
    const withBearer = anExchange({ authorization: both.authorization });
    expect(await enter(chain, withBearer)).toMatchObject({ outcome: 'authenticated' });
    expect(await signIns.reauthenticate(PASSWORD, withBearer)).toMatchObject({ session: { userId: ann.id } });
  });

  it('in a header is read only by the strategy of its scheme', async () => {
    const world = await aDurableWorld();
    expect(await session(world).authenticate(request({ authorization: 'Bearer x' }))).toEqual(ANONYMOUS);
    const tokens = tokenAuth(world);
    for (const authorization of ['Basic x', 'Bearerx', 'Digest Bearer x'])
      expect(await tokens.authenticate(request({ authorization }))).toEqual(ANONYMOUS);
    for (const authorization of ['Bearer', 'Bearer x', 'bearer x', 'BEARER  x'])
      expect(await tokens.authenticate(request({ authorization }))).toMatchObject({ outcome: 'rejected' });
  });

  it('in a header sets and deletes no cookie', async () => {
    const world = await aDurableWorld();
    const tokens = tokenAuth(world);
    const signIns = world.signInsOf(tokens);
    const user = await world.newUser();
    const exchange = anExchange();
    const issued = await signIns.signIn(user, exchange, { transport: 'bearer', remember: true });
    const headers = { authorization: `Bearer ${issued.token!.reveal()}` };
    const parting = anExchange(headers);
    await enter(tokens, parting);
    expect(await signIns.signOut(parting)).toBe(true);
    const late = anExchange(headers);
    expect(await enter(tokens, late)).toMatchObject({ reason: 'session_signed_out' });
    for (const { response } of [exchange, parting, late]) expect(response.getHeaderNames()).toEqual([]);
  });
});

describe('A client with the token of an ended session', () => {
  it('gets the time when the session ended', async () => {
    const harness = aHarness({ idle: 30 * MINUTE, absolute: HOUR });
    const user = aUser();
    const tokens = [await harness.signIn(user), await harness.signIn(aUser()), await harness.signIn(aUser())];
    const start = harness.clock.now().getTime();
    const after = (minutes: number) => new Date(start + minutes * MINUTE);
    harness.clock.advance(10 * MINUTE);
    await harness.sessions.end(SessionToken.parse(tokens[0]!)!.id, 'evicted');
    harness.clock.advance(10 * MINUTE);
    await harness.outcome(tokens[2]!);
    harness.clock.advance(20 * MINUTE);
    await harness.outcome(tokens[2]!);
    harness.clock.advance(40 * MINUTE);
    const results = await Promise.all(
      tokens.map((token) => harness.auth.authenticate(request({ cookie: `sid=${token}` }))),
    );
    expect(results).toMatchObject([
      { reason: 'session_evicted', at: after(10) },
      { reason: 'session_expired_idle', at: after(30) },
      { reason: 'session_expired_absolute', at: after(60) },
    ]);
  });
});

describe('SessionDbAuth', () => {
  it('refuses a session store that is not durable, and names a durable one', () => {
    const { sessions, sessionUsers } = aHarness();
    expect(() => new SessionDbAuth(sessions, sessionUsers, carriersOf(options), options)).toThrow(
      'session_db_auth and token_auth need a durable session store, such as sqlite:<file>. Tests may set allowMemorySessionsInTests.',
    );
  });
});

/** A harness with one user and sessions of the given limits. */
function aHarness(lifetime: Limits = options.lifetime, remembered: Limits = options.remembered) {
  const clock = new FakeClock();
  const userStore = new MemoryUserStore();
  const users = usersOf(userStore, clock);
  const sessionStore = new MemorySessionStore();
  const sessions = new SessionsService(sessionStore, clock, new SessionsOptions());
  const sessionUsers = sessionUsersOf(sessionStore, userStore);
  const build = (limits: Limits) => {
    const own = new AuthOptions({ ...options, lifetime: limits, remembered });
    return new SessionExpAuth(sessions, sessionUsers, carriersOf(own), own);
  };
  const signInsOf = (auth: Auth) => new SignInService(auth, users.passwords, sessions, options);
  const withLimits = (limits: Limits) => {
    const auth = build(limits);
    const signIns = signInsOf(auth);
    return {
      auth,
      signIns,
      async signIn(user: User = aUser(), wanted: Partial<SignInOptions> = {}): Promise<string> {
        await userStore.insert(user, await passwordHash);
        const exchange = anExchange();
        await signIns.signIn(user, exchange, wanted);
        return tokenIn(exchange.response);
      },
      async outcome(token: string): Promise<string> {
        const result = await auth.authenticate(request({ cookie: `sid=${token}` }));
        return result.outcome === 'rejected' ? result.reason : result.outcome;
      },
    };
  };
  return { clock, users, userStore, sessions, sessionUsers, signInsOf, withLimits, ...withLimits(lifetime) };
}

/** Users in memory and sessions in a file. */
async function aDurableWorld() {
  const clock = new FakeClock();
  const [userStore, sessionStore] = [new MemoryUserStore(), await aDurableStore()];
  const sessions = new SessionsService(sessionStore, clock, new SessionsOptions());
  const users = usersOf(userStore, clock);
  return {
    userStore,
    sessions,
    sessionUsers: sessionUsersOf(sessionStore, userStore),
    signInsOf: (auth: Auth) => new SignInService(auth, users.passwords, sessions, options),
    async newUser(): Promise<User> {
      const user = aUser();
      await userStore.insert(user, await passwordHash);
      return user;
    },
  };
}

function usersOf(store: MemoryUserStore, clock: FakeClock): UsersService {
  return new UsersService(store, hasher, aThrottle(clock), clock, new UsersOptions());
}

/** The `Max-Age` of a cookie in seconds; null if the cookie has none, or there is no cookie. */
function maxAgeOf(response: Response): number | null {
  const [, seconds] = /Max-Age=(\d+)/.exec(String(response.getHeader('set-cookie'))) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

function tokenIn(response: Response): string {
  return /sid=([^;]+)/.exec(String(response.getHeader('set-cookie')))?.[1] ?? '';
}

function request(headers: Readonly<Record<string, string>>): AuthRequest {
  return { via: 'http', method: 'GET', headers, ip: null, connection: null, origin: null, id: null };
}

/** Authenticates a request as the guard does. */
async function enter(auth: Auth, pair: HttpExchange) {
  const exchange = exchangeIn(pair);
  const result = await auth.authenticate(exchange.authRequest);
  if (result.outcome === 'authenticated')
    exchange.principal = { ...identityOf(result.principal.user), ...result.principal };
  if (result.outcome === 'rejected') result.forget?.takeBack(exchange.headers);
  return result;
}
