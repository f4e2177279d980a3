import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Auth, AuthResult, IssuedSession } from '../auth/auth.js';
import type { AuthRequest } from '../auth/auth-request.js';
import { AuthOptions } from '../auth/auth-options.js';
import { exchangeIn } from '../auth/exchange/exchange.js';
import type { HttpExchange } from '../auth/exchange/http-exchange.js';
import { type SessionUsers, sessionUsersOf } from '../auth/session-users.js';
import { withToken } from '../auth/carriers/with-token.js';
import { SignInService } from '../auth/sign-in.service.js';
import { DomainError, StoreUnavailableError } from '../common/domain-error.js';
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
import { type TestFramework, globalTestFramework } from './test-framework.js';
import { identityOf } from '../users/identity.js';

type Headers = Readonly<Record<string, string>>;

/** The parts from which the tests build a strategy. */
export interface AuthWorld {
  readonly clock: FakeClock;
  readonly users: UsersService;
  readonly sessions: SessionsService;
  readonly sessionStore: SessionStore;
  readonly sessionUsers: SessionUsers;
}

export interface AuthUnderTest {
  readonly auth: Auth;
  /** The request headers that authenticate a user, for strategies without sign-in. */
  readonly headersOf?: (user: User, password: string) => Headers;
  /** The transport of the tokens; cookies by default. */
  readonly transport?: Transport;
  /** Headers with credentials of this strategy that were never issued. */
  readonly forgeries: readonly Headers[];
}

const PASSWORD = 'the right password';

/** Declares the tests that every strategy must pass. `remembers` is true if users sign in and out with it. */
export function describeAuth(
  name: string,
  { remembers }: { readonly remembers: boolean },
  build: (world: AuthWorld) => AuthUnderTest | Promise<AuthUnderTest>,
  openStore: () => Promise<SessionStore> = () => Promise.resolve(new MemorySessionStore()),
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect, beforeEach, afterEach } = framework;
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
      server = await TestServer.open(world, strategy.auth, strategy.transport);
      user = await world.users.create(
        { email: 'ann@example.com', password: PASSWORD, firstName: null, lastName: null },
        'user',
      );
    });

    afterEach(() => server.close());

    const proofOf = async (one: User) =>
      strategy.headersOf?.(one, PASSWORD) ?? (await server.signIn(one)).headers;

    it('has valid challenges', () => {
      expect(strategy.auth.challenges.length).toBeGreaterThan(0);
      for (const challenge of strategy.auth.challenges) expect(challenge).toMatch(/^[A-Za-z][\w-]*( .+)?$/);
    });

    it('is anonymous without a credential', async () => {
      expect(await server.authenticate({})).toEqual({ outcome: 'anonymous' });
    });

    it('rejects credentials that were never issued', async () => {
      expect(strategy.forgeries.length).toBeGreaterThan(0);
      for (const forgery of strategy.forgeries) {
        expect(await server.authenticate(forgery)).toMatchObject({ outcome: 'rejected' });
      }
    });

    it('authenticates the user of a credential repeatedly', async () => {
      const proof = await proofOf(user);
      for (let round = 0; round < 3; round += 1) {
        expect(await server.authenticate(proof)).toMatchObject({
          outcome: 'authenticated',
          principal: { user: { id: user.id, email: user.email } },
        });
      }
    });

    it('returns no hash and no secret with the user', async () => {
      const proof = await proofOf(user);
      expect(JSON.stringify(await server.authenticate(proof))).not.toMatch(/hash|secret|password/i);
    });

    const deactivations: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['is removed', () => world.users.remove(user.id)],
      ['is disabled', () => world.users.update(user.id, { disabled: true })],
      [
        'changed the password',
        () =>
          world.users.passwords.change(identityOf(user), PASSWORD, 'another good password', aSignInSource()),
      ],
    ];
    for (const [title, happens] of deactivations)
      it(`rejects at once the credential of a user who ${title}`, async () => {
        const proof = await proofOf(user);
        await happens();
        expect(await server.authenticate(proof)).toMatchObject({ outcome: 'rejected' });
      });

    it('throws if the store cannot answer, instead of rejecting', async () => {
      const proof = await proofOf(user);
      power.isOff = true;
      expect(await server.authenticate(proof)).toEqual({ threw: 'StoreUnavailableError' });
      power.isOff = false;
      expect(await server.authenticate(proof)).toMatchObject({ outcome: 'authenticated' });
    });

    if (remembers) {
      it('opens a session at sign-in', async () => {
        const { session } = await server.signIn(user);
        expect(session).toMatchObject({ userId: user.id });
      });

      it('issues a new token at each sign-in and ends the session of the presented one', async () => {
        const first = await server.signIn(user);
        const second = await server.signIn(user, first.headers);
        expect(second.headers).not.toEqual(first.headers);
        expect(await server.authenticate(first.headers)).toMatchObject({ outcome: 'rejected' });
        expect(await server.authenticate(second.headers)).toMatchObject({ outcome: 'authenticated' });
      });

      it('issues a new token at each renewal, and the old one is invalid', async () => {
        const first = await server.signIn(user);
        world.clock.advance(60_000);
        const second = await server.renew(first.headers);
        expect(second?.session).toMatchObject({ id: first.session!.id });
        expect(second?.session?.authenticatedAt).toBe(world.clock.now().toISOString());
        expect(await server.authenticate(first.headers)).toMatchObject({ outcome: 'rejected' });
        expect(await server.authenticate(second!.headers)).toMatchObject({ outcome: 'authenticated' });
      });

      it('renews a session for one of many racing callers with the same token', async () => {
        const { headers } = await server.signIn(user);
        const results = await Promise.all(Array.from({ length: 10 }, () => server.renew(headers)));
        expect(results.filter(Boolean)).toHaveLength(1);
      });

      it('renews nothing without a token or with one that was never issued', async () => {
        for (const headers of [{}, ...strategy.forgeries]) expect(await server.renew(headers)).toBeNull();
      });

      it('opens a remembered session on request', async () => {
        expect((await server.signIn(user)).session).toMatchObject({ kind: 'session' });
        expect((await server.signIn(user, {}, true)).session).toMatchObject({ kind: 'remembered' });
      });

      it('issues no token for another transport than the requested one', async () => {
        const elsewhere = await TestServer.open(
          world,
          strategy.auth,
          strategy.transport === 'bearer' ? 'cookie' : 'bearer',
        );
        expect(await elsewhere.signIn(user)).toEqual({ session: null, headers: { cookie: '' } });
        await elsewhere.close();
      });

      it('does not adopt a token that it did not issue', async () => {
        for (const forgery of strategy.forgeries) {
          const { headers } = await server.signIn(user, forgery);
          expect(headers).not.toEqual(forgery);
          expect(await server.authenticate(forgery)).toMatchObject({ outcome: 'rejected' });
        }
      });

      it('invalidates the presented token at sign-out, and no other', async () => {
        const [here, there] = [await server.signIn(user), await server.signIn(user)];
        expect(await server.signOut(here.headers)).toBe(true);
        expect(await server.authenticate(here.headers)).toMatchObject({ outcome: 'rejected' });
        expect(await server.authenticate(there.headers)).toMatchObject({ outcome: 'authenticated' });
      });

      it('returns true to one of many racing sign-outs', async () => {
        const { headers } = await server.signIn(user);
        const results = await Promise.all(Array.from({ length: 10 }, () => server.signOut(headers)));
        expect(results.filter(Boolean)).toHaveLength(1);
      });

      it('invalidates a sign-in that was in progress when the password changed', async () => {
        const verified = user;
        await world.users.passwords.change(
          identityOf(user),
          PASSWORD,
          'another good password',
          aSignInSource(),
        );
        const { headers } = await server.signIn(verified);
        expect(await server.authenticate(headers)).toMatchObject({ outcome: 'rejected' });
      });

      it('stores nothing from which a token can be derived', async () => {
        const { headers } = await server.signIn(user);
        const [, secret = ''] = /\.([\w-]{20,})/.exec(Object.values(headers).join()) ?? [];
        expect(secret).not.toBe('');
        const kept = await world.sessionStore.findByUser(user.id, world.clock.now());
        expect(kept).toHaveLength(1);
        expect(JSON.stringify(kept)).not.toContain(secret);
      });
    } else {
      it('opens no session and has nothing to sign out', async () => {
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

/** The store, which throws `StoreUnavailableError` while the power is off. */
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

/** An issued session as the body of a response. */
function shown(grant: IssuedSession | null) {
  return withToken({ session: grant?.session ?? null }, grant?.token ?? null);
}

async function granted(response: globalThis.Response): Promise<Granted> {
  const { session, token } = (await response.json()) as { session: Session | null; token?: string };
  if (token !== undefined) return { session, headers: { authorization: `Bearer ${token}` } };
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
  return { session, headers: { cookie: cookies.join('; ') } };
}

/** The same request for a strategy, without the possibility to change it. */
function frozen(request: AuthRequest): AuthRequest {
  const { via, method, headers, ip, connection, origin, id } = request;
  return Object.freeze({ via, method, headers: Object.freeze({ ...headers }), ip, connection, origin, id });
}

/** Null if an act is refused. */
function refusedAsNull(error: unknown): null {
  if (error instanceof DomainError && !(error instanceof StoreUnavailableError)) return null;
  throw error;
}

/** A strategy behind an HTTP server: GET authenticates, POST signs in, PUT renews, DELETE signs out. */
class TestServer {
  private constructor(
    private readonly server: Server,
    private readonly arrivals: Map<string, User>,
    private readonly url: string,
  ) {}

  static async open(
    { users, sessions }: AuthWorld,
    auth: Auth,
    transport: Transport = 'cookie',
  ): Promise<TestServer> {
    const arrivals = new Map<string, User>();
    const signIns = new SignInService(auth, users.passwords, sessions, new AuthOptions());
    const identify = async (pair: HttpExchange) => {
      const exchange = exchangeIn(pair);
      const result = await auth.authenticate(frozen(exchange.authRequest));
      if (result.outcome === 'authenticated')
        exchange.principal = { ...identityOf(result.principal.user), ...result.principal };
      return result;
    };
    const acts: Readonly<Record<string, (pair: HttpExchange & { request: IncomingMessage }) => unknown>> = {
      GET: identify,
      async POST({ request, response }) {
        const options = { transport, remember: request.headers['x-remember'] === 'yes' };
        const issuing = signIns.signIn(arrivals.get(request.url!.slice(1))!, { request, response }, options);
        return shown(await issuing.catch(refusedAsNull));
      },
      async PUT(pair) {
        await identify(pair);
        return shown(await signIns.reauthenticate(PASSWORD, pair).catch(refusedAsNull));
      },
      async DELETE(pair) {
        await identify(pair);
        return signIns.signOut(pair);
      },
    };
    const answer = async (pair: { request: IncomingMessage; response: ServerResponse }) => {
      const send = (status: number, body: unknown) =>
        pair.response.writeHead(status).end(JSON.stringify(body));
      try {
        send(200, await acts[pair.request.method!]!(pair));
      } catch (error) {
        send(500, { threw: (error as Error).name });
      }
    };
    const server = createServer((request, response) => void answer({ request, response }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestServer(server, arrivals, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  async authenticate(headers: Headers): Promise<AuthResult | { threw: string }> {
    return (await (await fetch(this.url, { headers })).json()) as AuthResult;
  }

  /** Signs in a user. Returns the session and the headers that authenticate later requests. */
  async signIn(user: User, brought: Headers = {}, remember = false): Promise<Granted> {
    this.arrivals.set(user.id, user);
    const headers = { ...brought, ...(remember && { 'x-remember': 'yes' }) };
    return granted(await fetch(this.url + user.id, { method: 'POST', headers }));
  }

  /** Null if there is nothing to renew. */
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
