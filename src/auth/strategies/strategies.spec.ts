import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { anExchange } from '../../../test/support/exchange.js';
import { type Limits, SessionLifetime } from '../../sessions/session-lifetime.js';
import { SessionToken } from '../../sessions/session-token.js';
import { SessionsOptions } from '../../sessions/sessions-options.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { AuditTrail } from '../../audit/audit-trail.js';
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
import { ANONYMOUS, DEFAULT_SIGN_IN_OPTIONS } from '../auth.js';
import { AuthChain } from './auth-chain.js';
import { AuthOptions } from '../auth-options.js';
import { SessionCookie } from '../carriers/session-cookie.js';
import { sessionUsersOf } from '../session-users.js';
import { BasicAuth } from './basic.auth.js';
import { SessionAuth } from './session.auth.js';
import { SessionDbAuth } from './session-db.auth.js';
import { SessionExpAuth } from './session-exp.auth.js';
import { TokenAuth } from './token.auth.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
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

const session = ({ sessions, sessionUsers }: Pick<AuthWorld, 'sessions' | 'sessionUsers'>) =>
  new SessionAuth(sessions, sessionUsers, new SessionCookie(options), options);

const tokenAuth = ({ sessions, sessionUsers }: Pick<AuthWorld, 'sessions' | 'sessionUsers'>) =>
  new TokenAuth(sessions, sessionUsers, new SessionCookie(options), options);

describeAuth('BasicAuth', { remembers: false }, ({ users }) => ({
  auth: new BasicAuth(users, options),
  headersOf: (user, password) => basic(user.email, password),
  forgeries: basicForgeries,
}));

describeAuth('SessionAuth', { remembers: true }, (world) => ({
  auth: session(world),
  forgeries: cookieForgeries,
}));

describeAuth('SessionExpAuth', { remembers: true }, ({ sessions, sessionUsers }) => ({
  auth: new SessionExpAuth(sessions, sessionUsers, new SessionCookie(options), options),
  forgeries: cookieForgeries,
}));

describeAuth(
  'SessionDbAuth',
  { remembers: true },
  ({ sessions, sessionUsers }) => ({
    auth: new SessionDbAuth(sessions, sessionUsers, new SessionCookie(options), options),
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
  auth: new AuthChain([session(world), new BasicAuth(world.users, options)]),
  forgeries: [...cookieForgeries, basic('ann@example.com', 'the wrong password')],
}));

describe('A chain', () => {
  it('does not rescue a rejected credential by the next strategy', async () => {
    const { users, auth } = aHarness();
    await users.create(
      { email: 'ann@example.com', password: 'the right password', firstName: null, lastName: null },
      'user',
    );
    const chain = new AuthChain([auth, new BasicAuth(users, options)]);
    const good = basic('ann@example.com', 'the right password');
    expect(await chain.authenticate(request(good))).toMatchObject({ outcome: 'authenticated' });
    expect(await chain.authenticate(request({ ...good, cookie: 'sid=forged' }))).toMatchObject({
      outcome: 'rejected',
    });
  });

  it('of no strategies knows nobody', async () => {
    expect(await new AuthChain([]).authenticate(request({ cookie: 'sid=x' }))).toEqual({
      outcome: 'anonymous',
    });
  });
});

describe('A chain that remembers users', () => {
  const chains = {
    'the first link': ({ users, auth }: ReturnType<typeof aHarness>) => [auth, new BasicAuth(users, options)],
    'the last link': ({ users, auth }: ReturnType<typeof aHarness>) => [new BasicAuth(users, options), auth],
  };

  it.each(Object.entries(chains))('signs in and out by %s', async (_, linksOf) => {
    const harness = aHarness();
    const links = linksOf(harness);
    const chain = new AuthChain(links);
    const user = aUser();
    await harness.userStore.insert(user, 'hash');
    expect(chain.challenge).toBe(links[0]!.challenge);
    expect(await chain.tokenOwner(request({}))).toBeNull();
    expect(await chain.signOut(anExchange())).toBe(false);
    const exchange = anExchange();
    expect(await chain.signIn(user, exchange)).toMatchObject({ session: { userId: user.id }, token: null });
    const [cookie = ''] = String(exchange.response.getHeader('set-cookie')).split(';');
    expect(await chain.authenticate(request({ cookie }))).toMatchObject({ outcome: 'authenticated' });
    expect(await chain.tokenOwner(request({ cookie }))).toBe(user.id);
    expect(await chain.signOut(anExchange({ cookie }))).toBe(true);
    expect(await chain.signOut(anExchange({ cookie }))).toBe(false);
    expect(await chain.tokenOwner(request({ cookie }))).toBe(user.id);
  });

  it('is none where no link does', async () => {
    const { users } = aHarness();
    const chain = new AuthChain([new BasicAuth(users, options)]);
    expect(await chain.signIn(aUser(), anExchange())).toBeNull();
    expect(await chain.signOut(anExchange())).toBe(false);
    expect(await chain.tokenOwner(request({}))).toBeNull();
    expect(new AuthChain([]).challenge).toBe('Session');
  });
});

describe('A challenge', () => {
  it('names the strategy and the realm', () => {
    const { users, auth } = aHarness();
    expect(auth.challenge).toBe('Session realm="coatcheck"');
    expect(new BasicAuth(users, options).challenge).toBe('Basic realm="coatcheck", charset="UTF-8"');
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
    return new BasicAuth(users, options).authenticate(request(basic(name, password)));
  };

  it('end the name with the first colon; the password has the others', async () => {
    expect(await outcomeOf('ann@example.com', 'a password: with colons:')).toMatchObject({
      outcome: 'authenticated',
      principal: { user: { email: 'ann@example.com' }, session: null },
    });
  });

  it.each([
    ['ann@example.com', 'a password: with colons'],
    ['ann@example.com', 'a password'],
    ['', 'ann@example.com:a password: with colons:'],
  ])('are no good where they are not to the letter: %s:%s', async (name, password) => {
    expect(await outcomeOf(name, password)).toEqual({
      outcome: 'rejected',
      reason: 'credentials_invalid',
      at: null,
    });
  });
});

describe('Basic credentials that are none', () => {
  const encoded = (bytes: Buffer | string) => ({
    authorization: `Basic ${Buffer.from(bytes as string).toString('base64')}`,
  });

  it.each([
    ['without a colon', 'ann@example.com!', encoded('ann@example.com!')],
    [
      'of bytes that are no UTF-8',
      'a password with a \ufffd in it',
      encoded(Buffer.from('ann@example.com:a password with a \xff in it', 'latin1')),
    ],
  ])('are refused %s, whatever they could be read as', async (_, password, headers) => {
    const { users, userStore } = aHarness();
    const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
    await userStore.insert(aUser({ email: 'ann@example.com' }), await hasher.hash(password, aTaskOwner()));
    const auth = new BasicAuth(users, options);
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

describe('The trail of sign-ins', () => {
  beforeEach(() => Logger.overrideLogger(false));
  afterEach(() => Logger.overrideLogger(new ConsoleLogger()));

  it('has what comes of each Basic credential that was not known', async () => {
    const { users, clock } = aHarness();
    const store = new MemoryAuditStore();
    const auth = new BasicAuth(users, options, new AuditTrail(store, clock));
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
    const { events } = await store.list({ userId: null, type: null }, 10, null);
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

describe('The holder of a token', () => {
  it('loses it at sign-out, and one that is no good too', async () => {
    const harness = aHarness();
    const auth = new SessionAuth(harness.sessions, harness.sessionUsers, new SessionCookie(options), options);
    const token = await harness.signIn();
    for (const [sent, isOver, cleared] of [
      [token, true, '"cache"'],
      [token, false, undefined],
      ['forged', false, undefined],
    ] as const) {
      const exchange = anExchange({ cookie: `sid=${sent}` });
      expect(await auth.signOut(exchange)).toBe(isOver);
      expect(String(exchange.response.getHeader('set-cookie'))).toMatch(
        /^sid=; Path=\/; Expires=Thu, 01 Jan 1970/,
      );
      expect(exchange.response.getHeader('clear-site-data')).toBe(cleared);
    }
    const { request: shown, response } = anExchange({ cookie: 'sid=forged' });
    shown.res = response;
    await auth.authenticate(shown);
    expect(String(response.getHeader('set-cookie'))).toMatch(/^sid=; Path=\/; Expires=Thu, 01 Jan 1970/);
  });

  it('loses nothing where there was none', async () => {
    const exchange = anExchange();
    expect(await aHarness().auth.signOut(exchange)).toBe(false);
    expect(exchange.response.getHeaderNames()).toEqual([]);
  });

  it.each([
    ['signed_out', 'session_signed_out'],
    ['ended_elsewhere', 'session_ended_elsewhere'],
    ['evicted', 'session_evicted'],
    ['ended_by_admin', 'session_ended_by_admin'],
    ['password_changed', 'password_changed'],
    ['user_disabled', 'user_disabled'],
  ] as const)('is told that the session was ended: %s', async (reason, told) => {
    const harness = aHarness();
    const token = await harness.signIn();
    await harness.sessions.end(SessionToken.parse(token)!.id, reason);
    expect(await harness.outcome(token)).toBe(told);
  });

  it('is told what became of the user, though the session lives', async () => {
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

  it('keeps the new one where the one before it comes late', async () => {
    const harness = aHarness();
    const token = await harness.signIn();
    const renewal = anExchange({ cookie: `sid=${token}` });
    expect(await harness.auth.renew(renewal)).not.toBeNull();
    const unknown = SessionToken.reissue(SessionToken.issue(new Date(), 'ann').id).reveal();
    for (const late of [token, unknown]) {
      const { request: shown, response } = anExchange({ cookie: `sid=${late}` });
      shown.res = response;
      expect(await harness.auth.authenticate(shown)).toMatchObject({ reason: 'credentials_invalid' });
      expect(response.getHeaderNames()).toEqual([]);
    }
  });

  it('is known to their account, and who holds none is not', async () => {
    const harness = aHarness();
    const user = aUser();
    const token = await harness.signIn(user);
    expect(await harness.auth.tokenOwner(request({ cookie: `sid=${token}` }))).toBe(user.id);
    expect(await harness.auth.tokenOwner(request({ cookie: 'sid=forged' }))).toBeNull();
    expect(await harness.auth.tokenOwner(request({}))).toBeNull();
  });

  it('signs in again to a session of its own, and the one that was brought is over', async () => {
    const harness = aHarness();
    const user = aUser();
    const token = await harness.signIn(user);
    const again = anExchange({ cookie: `sid=${token}` });
    const issued = await harness.auth.signIn(user, again);
    expect(await harness.outcome(token)).toBe('session_signed_out');
    expect(await harness.sessions.list(user)).toEqual([issued?.session]);
  });
});

describe('Session time', () => {
  const limits = { idle: 30 * MINUTE, absolute: 12 * HOUR };

  it('runs out when the session is left alone, and the holder is told so', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    harness.clock.advance(30 * MINUTE - 1);
    expect(await harness.outcome(token)).toBe('authenticated');
    harness.clock.advance(30 * MINUTE);
    expect(await harness.outcome(token)).toBe('session_expired_idle');
  });

  it('runs out at the absolute limit however busy the session is, and the holder is told so', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    for (let spent = 0; spent < 12 * HOUR; spent += 20 * MINUTE) {
      expect(await harness.outcome(token)).toBe('authenticated');
      harness.clock.advance(20 * MINUTE);
    }
    expect(await harness.outcome(token)).toBe('session_expired_absolute');
  });

  it('does not end at all without limits', async () => {
    const harness = aHarness({ idle: Infinity, absolute: Infinity });
    const token = await harness.signIn();
    harness.clock.advance(1000 * 24 * HOUR);
    expect(await harness.outcome(token)).toBe('authenticated');
  });

  it('follows a policy that became stricter since the sign-in', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    harness.clock.advance(10 * MINUTE);
    expect(await harness.withLimits({ idle: 5 * MINUTE, absolute: HOUR }).outcome(token)).toBe(
      'session_expired_idle',
    );
  });

  it('is told to nobody who holds the id without the secret', async () => {
    const harness = aHarness(limits);
    const token = await harness.signIn();
    const forged = SessionToken.reissue(SessionToken.parse(token)!.id).reveal();
    expect(await harness.outcome(forged)).toBe('credentials_invalid');
    harness.clock.advance(HOUR);
    expect(await harness.outcome(forged)).toBe('credentials_invalid');
    expect(await harness.outcome(token)).toBe('session_expired_idle');
  });
});

describe('A session that is remembered', () => {
  const limits = { idle: 30 * MINUTE, absolute: 12 * HOUR };
  const remembered = { idle: 48 * HOUR, absolute: 120 * HOUR };
  const signInOptions = { ...DEFAULT_SIGN_IN_OPTIONS, remember: true };

  it('has limits of its own, and its cookie lasts until the absolute one', async () => {
    const harness = aHarness(limits, remembered);
    const exchange = anExchange();
    const user = aUser();
    await harness.userStore.insert(user, 'hash');
    await harness.auth.signIn(user, exchange, signInOptions);
    expect(maxAgeOf(exchange.response)).toBe(120 * 3600);
    const token = tokenIn(exchange.response);
    harness.clock.advance(47 * HOUR);
    expect(await harness.outcome(token)).toBe('authenticated');
    harness.clock.advance(48 * HOUR);
    expect(await harness.outcome(token)).toBe('session_expired_idle');
  });

  it('has its cookie sent by no later use', async () => {
    const harness = aHarness(limits, remembered);
    const first = anExchange();
    const user = aUser();
    await harness.userStore.insert(user, 'hash');
    await harness.auth.signIn(user, first, signInOptions);
    const token = tokenIn(first.response);
    const cookies: (number | null)[] = [];
    for (const hours of [1, 40, 40, 38]) {
      harness.clock.advance(hours * HOUR);
      const { request: shown, response } = anExchange({ cookie: `sid=${token}` });
      shown.res = response;
      expect(await harness.auth.authenticate(shown)).toMatchObject({ outcome: 'authenticated' });
      cookies.push(maxAgeOf(response));
    }
    expect(cookies).toEqual([null, null, null, null]);
  });

  it('stays remembered when it is renewed; another is not by that', async () => {
    const harness = aHarness(limits, remembered);
    const user = aUser();
    await harness.userStore.insert(user, 'hash');
    for (const [one, maxAge] of [
      [signInOptions, 120 * 3600],
      [DEFAULT_SIGN_IN_OPTIONS, null],
    ] as const) {
      const first = anExchange();
      await harness.auth.signIn(user, first, one);
      harness.clock.advance(20 * MINUTE);
      const renewal = anExchange({ cookie: `sid=${tokenIn(first.response)}` });
      expect(await harness.auth.renew(renewal)).toMatchObject({ token: null });
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
  const grantIn = async ({ auth }: Pick<ReturnType<typeof aHarness>, 'auth'>) =>
    (await auth.signIn(aUser(), anExchange()))!.session;

  it('are told as the policy has them', async () => {
    const session = await grantIn(aHarness(limits));
    expect(aHarness(limits).auth.endsOf(session)).toEqual(ends(60, 30));
  });

  it('are the stored ones where the policy was stricter', async () => {
    const session = await grantIn(aHarness(limits));
    const milder = aHarness({ idle: 2 * HOUR, absolute: 4 * HOUR }).auth;
    expect(milder.endsOf(session)).toEqual(ends(240, 30));
  });

  it('are null where there are none', async () => {
    const harness = aHarness({ idle: Infinity, absolute: Infinity });
    expect(harness.auth.endsOf(await grantIn(harness))).toEqual({ expiresAt: null, idleExpiresAt: null });
    const busy = aHarness({ idle: Infinity, absolute: HOUR });
    expect(busy.auth.endsOf(await grantIn(busy))).toEqual(ends(60, null));
  });

  it('are those of the strategy whose tokens travel as this one does', async () => {
    const world = await aDurableWorld();
    const [auth, tokens] = [session(world), tokenAuth(world)];
    const issued = await tokens.signIn(aUser(), anExchange(), {
      ...DEFAULT_SIGN_IN_OPTIONS,
      transport: 'bearer',
    });
    expect(auth.endsOf(issued!.session)).toBeNull();
    expect(new AuthChain([auth, tokens]).endsOf(issued!.session)).toEqual(ends(12 * 60, 30));
    expect(new AuthChain([auth]).endsOf(issued!.session)).toBeNull();
  });

  it('of an access token are its own alone', async () => {
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
    expect(aHarness(limits).auth.endsOf(opened.session)).toEqual({ expiresAt, idleExpiresAt: null });
  });
});

describe('A token', () => {
  it('of one way to travel is worthless in the other', async () => {
    const world = await aDurableWorld();
    const chain = new AuthChain([session(world), tokenAuth(world)]);
    const user = aUser();
    await world.userStore.insert(user, 'hash');
    const inCookie = anExchange();
    await chain.signIn(user, inCookie);
    const cookie = tokenIn(inCookie.response);
    const bearer = (await chain.signIn(user, anExchange(), {
      ...DEFAULT_SIGN_IN_OPTIONS,
      transport: 'bearer',
    }))!.token!.reveal();
    const outcomeOf = async (headers: Record<string, string>) =>
      (await chain.authenticate(request(headers))).outcome;
    expect(await outcomeOf({ cookie: `sid=${cookie}` })).toBe('authenticated');
    expect(await outcomeOf({ authorization: `Bearer ${bearer}` })).toBe('authenticated');
    expect(await outcomeOf({ cookie: `sid=${bearer}` })).toBe('rejected');
    expect(await outcomeOf({ authorization: `Bearer ${cookie}` })).toBe('rejected');
  });

  it('that decides and is over by now is not renewed in the place of another that came along', async () => {
    const world = await aDurableWorld();
    const chain = new AuthChain([session(world), tokenAuth(world)]);
    const [mallory, ann] = [aUser(), aUser()];
    for (const user of [mallory, ann]) await world.userStore.insert(user, 'hash');
    const inCookie = anExchange();
    const { session: over } = (await chain.signIn(mallory, inCookie))!;
    const bearerWish = { ...DEFAULT_SIGN_IN_OPTIONS, transport: 'bearer' } as const;
    const token = (await chain.signIn(ann, anExchange(), bearerWish))!.token!.reveal();
    const both = { cookie: `sid=${tokenIn(inCookie.response)}`, authorization: `Bearer ${token}` };
    await world.sessions.end(over.id, 'ended_elsewhere');
    const exchange = anExchange(both);
    exchange.request.principal = { user: mallory, session: over };
    expect(await chain.renew(exchange)).toBeNull();
    expect(await chain.signOut(exchange)).toBe(false);
    expect(await chain.authenticate(request({ authorization: both.authorization }))).toMatchObject({
      outcome: 'authenticated',
    });
    expect(await chain.renew(anExchange({ authorization: both.authorization }))).toMatchObject({
      session: { userId: ann.id },
    });
  });

  it('in a header is left alone by who takes it in no header, and by the header of another strategy', async () => {
    const world = await aDurableWorld();
    expect(await session(world).authenticate(request({ authorization: 'Bearer x' }))).toEqual(ANONYMOUS);
    const tokens = tokenAuth(world);
    for (const authorization of ['Basic x', 'Bearerx', 'Digest Bearer x'])
      expect(await tokens.authenticate(request({ authorization }))).toEqual(ANONYMOUS);
    for (const authorization of ['Bearer', 'Bearer x', 'bearer x', 'BEARER  x'])
      expect(await tokens.authenticate(request({ authorization }))).toMatchObject({ outcome: 'rejected' });
  });

  it('in a header sets and takes back no cookie', async () => {
    const world = await aDurableWorld();
    const tokens = tokenAuth(world);
    const user = aUser();
    await world.userStore.insert(user, 'hash');
    const exchange = anExchange();
    const issued = await tokens.signIn(user, exchange, {
      ...DEFAULT_SIGN_IN_OPTIONS,
      transport: 'bearer',
      remember: true,
    });
    const parting = anExchange({ authorization: `Bearer ${issued!.token!.reveal()}` });
    expect(await tokens.signOut(parting)).toBe(true);
    const late = anExchange({ authorization: `Bearer ${issued!.token!.reveal()}` });
    late.request.res = late.response;
    expect(await tokens.authenticate(late.request)).toMatchObject({ reason: 'session_signed_out' });
    for (const { response } of [exchange, parting, late]) expect(response.getHeaderNames()).toEqual([]);
  });
});

describe('The holder of a token that is over', () => {
  it('is told since when', async () => {
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
    expect(results).toEqual([
      { outcome: 'rejected', reason: 'session_evicted', at: after(10) },
      { outcome: 'rejected', reason: 'session_expired_idle', at: after(30) },
      { outcome: 'rejected', reason: 'session_expired_absolute', at: after(60) },
    ]);
  });
});

describe('SessionDbAuth', () => {
  it('refuses a store that forgets, with the cure in the text', () => {
    const { sessions, sessionUsers } = aHarness();
    expect(() => new SessionDbAuth(sessions, sessionUsers, new SessionCookie(options), options)).toThrow(
      'session_db_auth and token_auth need a durable session store, such as sqlite:<file>.',
    );
  });
});

/** A harness with one user and sessions of the given limits. */
function aHarness(lifetime: Limits = options.lifetime, remembered: Limits = options.remembered) {
  const clock = new FakeClock();
  const userStore = new MemoryUserStore();
  const users = new UsersService(
    userStore,
    new BcryptPasswordHasher({ cost: 4, pepper: null }),
    aThrottle(clock),
    clock,
    new UsersOptions(),
  );
  const sessionStore = new MemorySessionStore();
  const sessions = new SessionsService(sessionStore, clock, new SessionsOptions());
  const sessionUsers = sessionUsersOf(sessionStore, userStore);
  const build = (limits: Limits) => {
    const own = new AuthOptions({ ...options, lifetime: limits, remembered });
    return new SessionExpAuth(sessions, sessionUsers, new SessionCookie(own), own);
  };
  const withLimits = (limits: Limits) => {
    const auth = build(limits);
    return {
      auth,
      async signIn(user: User = aUser()): Promise<string> {
        await userStore.insert(user, 'hash');
        const exchange = anExchange();
        await auth.signIn(user, exchange);
        return tokenIn(exchange.response);
      },
      async outcome(token: string): Promise<string> {
        const result = await auth.authenticate(request({ cookie: `sid=${token}` }));
        return result.outcome === 'rejected' ? result.reason : result.outcome;
      },
    };
  };
  return { clock, users, userStore, sessions, sessionUsers, withLimits, ...withLimits(lifetime) };
}

/** Users in memory and sessions in a file, without more. */
async function aDurableWorld() {
  const [userStore, sessionStore] = [new MemoryUserStore(), await aDurableStore()];
  return {
    userStore,
    sessions: new SessionsService(sessionStore, new FakeClock(), new SessionsOptions()),
    sessionUsers: sessionUsersOf(sessionStore, userStore),
  };
}

/** For how many seconds a cookie is set; null where it is set for as long as the browser is open, or not at all. */
function maxAgeOf(response: Response): number | null {
  const [, seconds] = /Max-Age=(\d+)/.exec(String(response.getHeader('set-cookie'))) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

function tokenIn(response: Response): string {
  return /sid=([^;]+)/.exec(String(response.getHeader('set-cookie')))?.[1] ?? '';
}

function request(headers: Readonly<Record<string, string>>): Request {
  return { headers } as unknown as Request;
}
