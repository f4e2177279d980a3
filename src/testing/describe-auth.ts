import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import express, { type ErrorRequestHandler } from 'express';
import { type Auth, type AuthResult, type IssuedSession, DEFAULT_SIGN_IN_OPTIONS } from '../auth/auth.js';
import { type SessionUsers, sessionUsersOf } from '../auth/session-users.js';
import { withToken } from '../auth/carriers/with-token.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import type { Session, Transport } from '../sessions/session.js';
import { SessionStore } from '../sessions/session-store.js';
import { SessionsOptions } from '../sessions/sessions-options.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { MemorySessionStore } from '../storage/memory/memory.session-store.js';
import { MemoryUserStore } from '../storage/memory/memory.user-store.js';
import { BcryptPasswordHasher } from '../users/passwords/bcrypt.password-hasher.js';
import type { User } from '../users/user.js';
import { UserStore } from '../users/user-store.js';
import { UsersOptions } from '../users/users-options.js';
import { UsersService } from '../users/users.service.js';
import { aSignInSource, aThrottle } from './samples.js';
import { FakeClock } from './fake-clock.js';

type Headers = Readonly<Record<string, string>>;

/** What a strategy is built from in the suite. */
export interface AuthWorld {
  readonly clock: FakeClock;
  readonly users: UsersService;
  readonly sessions: SessionsService;
  readonly sessionStore: SessionStore;
  readonly sessionUsers: SessionUsers;
}

export interface AuthUnderTest {
  readonly auth: Auth;
  /** The headers by which a user proves who they are, where signing in does not hand out a cookie for it. */
  readonly headersOf?: (user: User, password: string) => Headers;
  /** How tokens travel; as cookies where nothing is said. */
  readonly transport?: Transport;
  /** Headers that present what the strategy is concerned with and never granted. */
  readonly forgeries: readonly Headers[];
}

const PASSWORD = 'the right password';

/** What all strategies have in common: run it on yours. `remembers` tells whether users sign in and out. */
export function describeAuth(
  name: string,
  { remembers }: { readonly remembers: boolean },
  build: (world: AuthWorld) => AuthUnderTest | Promise<AuthUnderTest>,
  openStore: () => Promise<SessionStore> = () => Promise.resolve(new MemorySessionStore()),
): void {
  describe(`${name} as a strategy`, () => {
    let world: AuthWorld;
    let strategy: AuthUnderTest;
    let server: TestServer;
    let user: User;
    let power: { isOff: boolean };

    beforeEach(async () => {
      power = { isOff: false };
      world = await aWorld(openStore, power);
      strategy = await build(world);
      server = await TestServer.open(strategy.auth, strategy.transport);
      user = await world.users.create(
        { email: 'ann@example.com', password: PASSWORD, firstName: null, lastName: null },
        'user',
      );
    });

    afterEach(() => server.close());

    const proofOf = async (one: User) =>
      strategy.headersOf?.(one, PASSWORD) ?? (await server.signIn(one)).headers;

    it('has a challenge that names it', () => {
      expect(strategy.auth.challenge).toMatch(/^[A-Za-z][\w-]*( .+)?$/);
    });

    it('knows nobody who presents nothing', async () => {
      expect(await server.authenticate({})).toEqual({ outcome: 'anonymous' });
    });

    it('rejects what was never granted', async () => {
      expect(strategy.forgeries.length).toBeGreaterThan(0);
      for (const forgery of strategy.forgeries) {
        expect(await server.authenticate(forgery)).toMatchObject({ outcome: 'rejected' });
      }
    });

    it('knows the user who presents a proof, time and again', async () => {
      const proof = await proofOf(user);
      for (let round = 0; round < 3; round += 1) {
        expect(await server.authenticate(proof)).toMatchObject({
          outcome: 'authenticated',
          principal: { user: { id: user.id, email: user.email } },
        });
      }
    });

    it('hands on no hash and no secret with the user', async () => {
      const proof = await proofOf(user);
      expect(JSON.stringify(await server.authenticate(proof))).not.toMatch(/hash|secret|password/i);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['is removed', () => world.users.remove(user.id)],
      ['is disabled', () => world.users.update(user.id, { disabled: true })],
      [
        'changed the password',
        () => world.users.changePassword(user, PASSWORD, 'another good password', aSignInSource()),
      ],
    ])('rejects the proof of a user who %s, at once', async (_, happens) => {
      const proof = await proofOf(user);
      await happens();
      expect(await server.authenticate(proof)).toMatchObject({ outcome: 'rejected' });
    });

    it('does not take a store that cannot answer for a no', async () => {
      const proof = await proofOf(user);
      power.isOff = true;
      expect(await server.authenticate(proof)).toEqual({ threw: 'StoreUnavailableError' });
      power.isOff = false;
      expect(await server.authenticate(proof)).toMatchObject({ outcome: 'authenticated' });
    });

    if (remembers) {
      it('opens a session for the user who signs in', async () => {
        const { session } = await server.signIn(user);
        expect(session).toMatchObject({ userId: user.id });
      });

      it('gives each sign-in a proof of its own and ends the one that was brought', async () => {
        const first = await server.signIn(user);
        const second = await server.signIn(user, first.headers);
        expect(second.headers).not.toEqual(first.headers);
        expect(await server.authenticate(first.headers)).toMatchObject({ outcome: 'rejected' });
        expect(await server.authenticate(second.headers)).toMatchObject({ outcome: 'authenticated' });
      });

      it('gives each session that is renewed another proof, and the one before is worthless', async () => {
        const first = await server.signIn(user);
        world.clock.advance(60_000);
        const second = await server.renew(first.headers);
        expect(second?.session).toMatchObject({ id: first.session!.id });
        expect(second?.session?.authenticatedAt).toBe(world.clock.now().toISOString());
        expect(await server.authenticate(first.headers)).toMatchObject({ outcome: 'rejected' });
        expect(await server.authenticate(second!.headers)).toMatchObject({ outcome: 'authenticated' });
      });

      it('renews a session for one of many who race with the same proof', async () => {
        const { headers } = await server.signIn(user);
        const results = await Promise.all(Array.from({ length: 10 }, () => server.renew(headers)));
        expect(results.filter(Boolean)).toHaveLength(1);
      });

      it('renews nothing for who presents nothing, or what was never granted', async () => {
        for (const headers of [{}, ...strategy.forgeries]) expect(await server.renew(headers)).toBeNull();
      });

      it('marks the session of who asks to be remembered', async () => {
        expect((await server.signIn(user)).session).toMatchObject({ kind: 'session' });
        expect((await server.signIn(user, {}, true)).session).toMatchObject({ kind: 'remembered' });
      });

      it('gives nobody a token that travels in another way than was asked for', async () => {
        const elsewhere = await TestServer.open(
          strategy.auth,
          strategy.transport === 'bearer' ? 'cookie' : 'bearer',
        );
        expect(await elsewhere.signIn(user)).toEqual({ session: null, headers: { cookie: '' } });
        await elsewhere.close();
      });

      it('does not adopt a proof that it did not issue', async () => {
        for (const forgery of strategy.forgeries) {
          const { headers } = await server.signIn(user, forgery);
          expect(headers).not.toEqual(forgery);
          expect(await server.authenticate(forgery)).toMatchObject({ outcome: 'rejected' });
        }
      });

      it('makes the proof worthless at sign-out, and no other', async () => {
        const [here, there] = [await server.signIn(user), await server.signIn(user)];
        expect(await server.signOut(here.headers)).toBe(true);
        expect(await server.authenticate(here.headers)).toMatchObject({ outcome: 'rejected' });
        expect(await server.authenticate(there.headers)).toMatchObject({ outcome: 'authenticated' });
      });

      it('tells one of many racing sign-outs that it did it', async () => {
        const { headers } = await server.signIn(user);
        const results = await Promise.all(Array.from({ length: 10 }, () => server.signOut(headers)));
        expect(results.filter(Boolean)).toHaveLength(1);
      });

      it('makes a sign-in worthless that was in flight when the password changed', async () => {
        const verified = user;
        await world.users.changePassword(user, PASSWORD, 'another good password', aSignInSource());
        const { headers } = await server.signIn(verified);
        expect(await server.authenticate(headers)).toMatchObject({ outcome: 'rejected' });
      });

      it('keeps nothing from which a proof can be made', async () => {
        const { headers } = await server.signIn(user);
        const [, secret = ''] = /\.([\w-]{20,})/.exec(Object.values(headers).join()) ?? [];
        expect(secret).not.toBe('');
        const kept = await world.sessionStore.findByUser(user.id, world.clock.now());
        expect(kept).toHaveLength(1);
        expect(JSON.stringify(kept)).not.toContain(secret);
      });
    } else {
      it('remembers nobody and has nothing to sign out', async () => {
        expect((await server.signIn(user)).session).toBeNull();
        expect(await server.renew(await proofOf(user))).toBeNull();
        expect(await server.signOut(await proofOf(user))).toBe(false);
        expect(await server.authenticate(await proofOf(user))).toMatchObject({ outcome: 'authenticated' });
      });
    }
  });
}

async function aWorld(
  openStore: () => Promise<SessionStore>,
  power: { readonly isOff: boolean },
): Promise<AuthWorld> {
  const clock = new FakeClock();
  const userStore = onPower(new MemoryUserStore() as UserStore, power);
  const sessionStore = onPower(await openStore(), power);
  const hasher = new BcryptPasswordHasher({ cost: 4, pepper: null });
  return {
    clock,
    users: new UsersService(userStore, hasher, aThrottle(clock), clock, new UsersOptions()),
    sessions: new SessionsService(sessionStore, clock, new SessionsOptions()),
    sessionStore,
    sessionUsers: sessionUsersOf(sessionStore, userStore),
  };
}

/** The store itself, which cannot answer while the power is off. */
function onPower<T extends object>(store: T, power: { readonly isOff: boolean }): T {
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        power.isOff ? Promise.reject(new StoreUnavailableError()) : Reflect.apply(value, target, args);
    },
  });
}

interface Granted {
  readonly session: Session | null;
  readonly headers: Headers;
}

/** What was granted, as the body of an answer carries it. */
function shown(grant: IssuedSession | null) {
  return withToken({ session: grant?.session ?? null }, grant?.token ?? null);
}

async function granted(response: globalThis.Response): Promise<Granted> {
  const { session, token } = (await response.json()) as { session: Session | null; token?: string };
  if (token !== undefined) return { session, headers: { authorization: `Bearer ${token}` } };
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
  return { session, headers: { cookie: cookies.join('; ') } };
}

/** A strategy behind real HTTP: GET authenticates, POST signs a user in, PUT renews, DELETE signs out. */
class TestServer {
  private constructor(
    private readonly server: Server,
    private readonly arrivals: Map<string, User>,
    private readonly url: string,
  ) {}

  static async open(auth: Auth, transport: Transport = 'cookie'): Promise<TestServer> {
    const app = express();
    const arrivals = new Map<string, User>();
    app.get('/', async (request, response) => void response.json(await auth.authenticate(request)));
    app.post('/:id', async (request, response) => {
      const wish = {
        ...DEFAULT_SIGN_IN_OPTIONS,
        transport,
        remember: request.headers['x-remember'] === 'yes',
      };
      const user = arrivals.get(request.params.id)!;
      response.json(shown(await auth.signIn(user, { request, response }, wish)));
    });
    app.put(
      '/',
      async (request, response) => void response.json(shown(await auth.renew({ request, response }))),
    );
    app.delete(
      '/',
      async (request, response) => void response.json(await auth.signOut({ request, response })),
    );
    app.use(((error: Error, _request, response, _next) => {
      response.status(500).json({ threw: error.name });
    }) satisfies ErrorRequestHandler);
    const server = await new Promise<Server>((resolve) => {
      const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
    });
    return new TestServer(server, arrivals, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  async authenticate(headers: Headers): Promise<AuthResult | { threw: string }> {
    return (await (await fetch(this.url, { headers })).json()) as AuthResult;
  }

  /** Signs in the user as they are given, and says by which headers they are known from then on. */
  async signIn(user: User, brought: Headers = {}, remember = false): Promise<Granted> {
    this.arrivals.set(user.id, user);
    const headers = { ...brought, ...(remember && { 'x-remember': 'yes' }) };
    return granted(await fetch(this.url + user.id, { method: 'POST', headers }));
  }

  /** Null where there is nothing to renew. */
  async renew(headers: Headers): Promise<Granted | null> {
    const one = await granted(await fetch(this.url, { method: 'PUT', headers }));
    return one.session && one;
  }

  async signOut(headers: Headers): Promise<boolean> {
    return (await (await fetch(this.url, { method: 'DELETE', headers })).json()) as boolean;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
