import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Request, Response } from 'express';
import type { Limits } from '../../sessions/session-lifetime.js';
import { SessionToken } from '../../sessions/session-token.js';
import { SessionsOptions } from '../../sessions/sessions-options.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { MemorySessionStore } from '../../storage/memory/memory.session-store.js';
import { MemoryUserStore } from '../../storage/memory/memory.user-store.js';
import { SqlSessionStore } from '../../storage/sql/sql.session-store.js';
import { SqliteDatabase } from '../../storage/sql/sqlite.database.js';
import { type AuthWorld, describeAuth } from '../../testing/describe-auth.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { aThrottle, aUser } from '../../testing/samples.js';
import { BcryptPasswordHasher } from '../../users/bcrypt.password-hasher.js';
import type { User } from '../../users/user.js';
import { UsersOptions } from '../../users/users-options.js';
import { UsersService } from '../../users/users.service.js';
import { AuthChain } from '../auth-chain.js';
import { AuthOptions } from '../auth-options.js';
import { SessionCookie } from '../session-cookie.js';
import { sessionUsersOf } from '../session-users.js';
import { BasicAuth } from './basic.auth.js';
import { SessionAuth } from './session.auth.js';
import { SessionDbAuth } from './session-db.auth.js';
import { SessionExpAuth } from './session-exp.auth.js';

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

const session = ({ sessions, sessionUsers }: AuthWorld) =>
  new SessionAuth(sessions, sessionUsers, new SessionCookie(options), options);

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
  async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
    return new SqlSessionStore(await SqliteDatabase.open(file, 500));
  },
);

describeAuth('AuthChain', { remembers: true }, (world) => ({
  auth: new AuthChain([session(world), new BasicAuth(world.users, options)]),
  forgeries: [...cookieForgeries, basic('ann@example.com', 'the wrong password')],
}));

describe('A chain', () => {
  it('does not rescue a rejected credential by the next scheme', async () => {
    const { users, auth } = aHouse();
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

  it('of no schemes knows nobody', async () => {
    expect(await new AuthChain([]).authenticate(request({ cookie: 'sid=x' }))).toEqual({
      outcome: 'anonymous',
    });
  });
});

describe('Session time', () => {
  const limits = { idle: 30 * MINUTE, absolute: 12 * HOUR };

  it('runs out when the session is left alone, and the holder is told so', async () => {
    const house = aHouse(limits);
    const ticket = await house.signIn();
    house.clock.advance(30 * MINUTE - 1);
    expect(await house.outcome(ticket)).toBe('authenticated');
    house.clock.advance(30 * MINUTE);
    expect(await house.outcome(ticket)).toBe('session_expired_idle');
  });

  it('runs out at the absolute limit however busy the session is, and the holder is told so', async () => {
    const house = aHouse(limits);
    const ticket = await house.signIn();
    for (let spent = 0; spent < 12 * HOUR; spent += 20 * MINUTE) {
      expect(await house.outcome(ticket)).toBe('authenticated');
      house.clock.advance(20 * MINUTE);
    }
    expect(await house.outcome(ticket)).toBe('session_expired_absolute');
  });

  it('does not end at all without limits', async () => {
    const house = aHouse({ idle: Infinity, absolute: Infinity });
    const ticket = await house.signIn();
    house.clock.advance(1000 * 24 * HOUR);
    expect(await house.outcome(ticket)).toBe('authenticated');
  });

  it('follows a policy that became stricter since the sign-in', async () => {
    const house = aHouse(limits);
    const ticket = await house.signIn();
    house.clock.advance(10 * MINUTE);
    expect(await house.withLimits({ idle: 5 * MINUTE, absolute: HOUR }).outcome(ticket)).toBe(
      'session_expired_idle',
    );
  });

  it('is told to nobody who holds the id without the secret', async () => {
    const house = aHouse(limits);
    const ticket = await house.signIn();
    const forged = SessionToken.reissue(SessionToken.parse(ticket)!.id).reveal();
    expect(await house.outcome(forged)).toBe('credentials_invalid');
    house.clock.advance(HOUR);
    expect(await house.outcome(forged)).toBe('credentials_invalid');
    expect(await house.outcome(ticket)).toBe('session_expired_idle');
  });
});

describe('SessionDbAuth', () => {
  it('refuses a store that forgets, with the cure in the text', () => {
    const { sessions, sessionUsers } = aHouse();
    expect(() => new SessionDbAuth(sessions, sessionUsers, new SessionCookie(options), options)).toThrow(
      'session_db_auth needs a durable session store, such as sqlite:<file>.',
    );
  });
});

/** A house with one user and sessions of the given limits. */
function aHouse(lifetime: Limits = options.lifetime) {
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
    const own = new AuthOptions({ ...options, lifetime: limits });
    return new SessionExpAuth(sessions, sessionUsers, new SessionCookie(own), own);
  };
  const withLimits = (limits: Limits) => {
    const auth = build(limits);
    return {
      auth,
      async signIn(user: User = aUser()): Promise<string> {
        await userStore.insert(user, 'hash');
        let ticket = '';
        const response = { cookie: (_name: string, value: string) => (ticket = value) };
        await auth.signIn(user, { request: request({}), response: response as unknown as Response });
        return ticket;
      },
      async outcome(ticket: string): Promise<string> {
        const result = await auth.authenticate(request({ cookie: `sid=${ticket}` }));
        return result.outcome === 'rejected' ? result.reason : result.outcome;
      },
    };
  };
  return { clock, users, sessions, sessionUsers, withLimits, ...withLimits(lifetime) };
}

function request(headers: Readonly<Record<string, string>>): Request {
  return { headers } as unknown as Request;
}
