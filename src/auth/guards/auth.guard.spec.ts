import { beforeEach, describe, expect, it } from '@jest/globals';
import { SetMetadata } from '@nestjs/common';
import type { Request } from 'express';
import type { ServerResponse } from 'node:http';
import { anExchange } from '../../../test/support/exchange.js';
import { contextOf as contextAt, guardWith } from '../../../test/support/guards.js';
import { StoreUnavailableError } from '../../common/domain-error.js';
import { OWN_ROUTES, OptionalAuth, Public, Roles } from '../decorators/access.js';
import { SessionLifetime } from '../../sessions/session-lifetime.js';
import { SessionsOptions } from '../../sessions/sessions-options.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { MemorySessionStore } from '../../storage/memory/memory.session-store.js';
import { MemoryUserStore } from '../../storage/memory/memory.user-store.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { aSession, aUser } from '../../testing/samples.js';
import { ANONYMOUS, Auth, type AuthResult, type Principal, rejected } from '../auth.js';
import type { AuthRequest } from '../auth-request.js';
import type { AuthGuard } from './auth.guard.js';
import { Refusals } from '../refusals.js';
import { AuthOptions } from '../auth-options.js';
import { RolesGuard } from './roles.guard.js';
import { BearerCarrier } from '../carriers/bearer-carrier.js';
import { Carriers } from '../carriers/carriers.js';
import { CookieCarrier } from '../carriers/cookie-carrier.js';
import { sessionUsersOf } from '../session-users.js';
import { SessionAuth } from '../strategies/session.auth.js';
import { identityOf } from '../../users/identity.js';

class Coats {
  @Public()
  open() {}

  @OptionalAuth()
  lounge() {}

  mine() {}

  @Roles('admin', 'keeper')
  all() {}
}

/** Finds no credential in any request. */
class DeafAuth extends Auth {
  readonly challenges = ['Nothing'];

  authenticate(): Promise<AuthResult> {
    return Promise.resolve(ANONYMOUS);
  }
}

/** Authenticates every request as the same principal. */
class KnowingAuth extends DeafAuth {
  constructor(private readonly principal: Principal) {
    super();
  }

  override authenticate(): Promise<AuthResult> {
    return Promise.resolve({ outcome: 'authenticated', principal: this.principal });
  }
}

/** Rejects every request with an ended session. */
class RefusingAuth extends DeafAuth {
  constructor(private readonly at: Date) {
    super();
  }

  override authenticate(): Promise<AuthResult> {
    return Promise.resolve(rejected('session_evicted', this.at));
  }
}

const contextOf = (handler: keyof Coats, request: Request) => contextAt(Coats, handler, request);

describe('AuthGuard', () => {
  const user = aUser();
  let token: string;
  let guard: AuthGuard;

  beforeEach(async () => {
    const [userStore, sessionStore] = [new MemoryUserStore(), new MemorySessionStore()];
    const sessions = new SessionsService(sessionStore, new FakeClock(), new SessionsOptions());
    await userStore.insert(user, 'hash');
    const client = { ip: null, userAgent: null };
    token = (await sessions.open(user, client, SessionLifetime.unlimited)).token.reveal();
    const options = new AuthOptions({ cookie: { name: 'sid', secure: false } });
    const cookie = new Carriers(new CookieCarrier(options), new BearerCarrier());
    const auth = new SessionAuth(sessions, sessionUsersOf(sessionStore, userStore), cookie, options);
    guard = guardWith(auth, options);
  });

  /** The principal that the guard admits to a handler; undefined for an anonymous request. */
  const admit = async (handler: keyof Coats, headers: Record<string, string> = {}) => {
    const { request } = anExchange(headers);
    expect(await guard.canActivate(contextOf(handler, request))).toBe(true);
    return request.principal;
  };
  const refusal = (code: string) => ({ name: 'DomainError', code });

  it.each(['another'])('refuses handlers of %s that are not public', (type) => {
    const guard = guardWith(new DeafAuth());
    const contextOfType = (handler: keyof Coats) => {
      const context = contextAt(Coats, handler, anExchange().request);
      context.setType(type);
      return context;
    };
    expect(guard.canActivate(contextOfType('open'))).toBe(true);
    for (const handler of ['lounge', 'mine'] as const)
      expect(() => guard.canActivate(contextOfType(handler))).toThrow(`Make this ${type} handler @Public()`);
  });

  it('does not authenticate requests to a public handler', async () => {
    for (const headers of [undefined, { cookie: `sid=${token}` }, { cookie: 'sid=forged' }]) {
      expect(await admit('open', headers)).toBeUndefined();
    }
  });

  it.each(['mine', 'all', 'lounge'] as const)(
    'admits an authenticated request and sets its principal: %s',
    async (handler) => {
      expect(await admit(handler, { cookie: `sid=${token}` })).toMatchObject({
        user: { id: user.id },
        session: { userId: user.id },
      });
    },
  );

  it.each(['mine', 'all'] as const)('refuses an anonymous request to %s', async (handler) => {
    await expect(admit(handler)).rejects.toMatchObject(refusal('credentials_missing'));
  });

  it('admits an anonymous request where authentication is optional', async () => {
    expect(await admit('lounge')).toBeUndefined();
  });

  it.each(['mine', 'lounge'] as const)('refuses an invalid token for %s', async (handler) => {
    await expect(admit(handler, { cookie: 'sid=forged' })).rejects.toMatchObject(
      refusal('credentials_invalid'),
    );
  });

  it('treats a request whose credential no strategy reads as anonymous', async () => {
    const bearer = { authorization: 'Bearer token' };
    await expect(admit('mine', bearer)).rejects.toMatchObject(refusal('credentials_missing'));
    const { request } = anExchange({ cookie: `sid=${token}` });
    const deaf = guardWith(new DeafAuth());
    await expect(deaf.canActivate(contextOf('mine', request))).rejects.toMatchObject(
      refusal('credentials_missing'),
    );
  });

  it.each([
    ['read', ['GET', 'HEAD', 'OPTIONS'], ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY']],
    ['write', ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'], []],
  ] as const)(
    'allows an access token of scope %s the methods %j and refuses %j',
    async (scope, allowed, refused) => {
      const options = new AuthOptions();
      const auth = new KnowingAuth({
        ...identityOf(user),
        session: aSession({ kind: 'access_token', scope }),
      });
      const scoped = guardWith(auth, options);
      const ask = (method: string) =>
        scoped.canActivate(contextOf('mine', anExchange({}, { method }).request));
      for (const method of allowed) expect(await ask(method)).toBe(true);
      for (const method of refused)
        await expect(ask(method)).rejects.toMatchObject(refusal('scope_required'));
    },
  );

  it('reports why and when a session ended', async () => {
    const at = new Date();
    const options = new AuthOptions();
    const refusing = guardWith(new RefusingAuth(at), options);
    await expect(refusing.canActivate(contextOf('mine', anExchange().request))).rejects.toMatchObject({
      ...refusal('session_evicted'),
      problem: { endedAt: at },
    });
  });

  it('removes a principal that other code set', async () => {
    const { request } = anExchange();
    request.principal = { ...identityOf(user), session: null };
    await guard.canActivate(contextOf('lounge', request));
    expect(request.principal).toBeUndefined();
  });
});

describe('AuthGuard, applied twice to a handler', () => {
  const user = aUser();
  const asked: string[] = [];

  class CountingAuth extends Auth {
    readonly challenges = ['Counting'];

    async authenticate({ headers }: AuthRequest): Promise<AuthResult> {
      asked.push(String(headers['x-url']));
      return { outcome: 'authenticated', principal: { ...identityOf(user), session: null } };
    }
  }

  it('authenticates once, and again for another handler', async () => {
    const guard = guardWith(new CountingAuth());
    const other = guardWith(new CountingAuth());
    const { request } = anExchange({ 'x-url': '/once' }, { url: '/once' });
    expect(await guard.canActivate(contextOf('mine', request))).toBe(true);
    expect(await other.canActivate(contextOf('mine', request))).toBe(true);
    expect(asked).toEqual(['/once']);
    await guard.canActivate(contextOf('all', request));
    expect(asked).toEqual(['/once', '/once']);
    await guard.decide(contextOf('all', request));
    expect(asked).toHaveLength(3);
  });

  it('authenticates again after a refusal', async () => {
    const { request } = anExchange();
    await expect(guardWith(new DeafAuth()).canActivate(contextOf('mine', request))).rejects.toThrow();
    await expect(guardWith(new DeafAuth()).canActivate(contextOf('mine', request))).rejects.toThrow();
  });
});

describe('A cross-site request', () => {
  @SetMetadata(OWN_ROUTES, true)
  class OwnCoats extends Coats {}

  const user = aUser();
  const foreign = () =>
    anExchange({ host: 'api.example.com', origin: 'https://evil.example' }, { method: 'POST' }).request;
  const cookie = { ...identityOf(user), session: aSession({ transport: 'cookie' }) };
  const bearer = { ...identityOf(user), session: aSession({ transport: 'bearer' }) };
  const basic = { ...identityOf(user), session: null };

  const enter = async (controller: typeof Coats, handler: keyof Coats, principal: Principal | null) =>
    guardWith(principal ? new KnowingAuth(principal) : new DeafAuth()).canActivate(
      contextAt(controller, handler, foreign()),
    );

  it.each([
    ['a cookie', Coats, 'mine', cookie],
    ['Basic authentication', Coats, 'mine', basic],
    ['a cookie, where authentication is optional', Coats, 'lounge', cookie],
    ['no credential, on a public route of Coatcheck', OwnCoats, 'open', null],
    ['no credential, on an optional route of Coatcheck', OwnCoats, 'lounge', null],
    ['a cookie, on a route of Coatcheck', OwnCoats, 'mine', cookie],
  ] as const)('is refused with %s', async (_, controller, handler, principal) => {
    await expect(enter(controller, handler, principal)).rejects.toMatchObject({ code: 'cross_site_request' });
  });

  it.each([
    ['a bearer token', Coats, 'mine', bearer],
    ['a bearer token, on a route of Coatcheck', OwnCoats, 'mine', bearer],
    ['no credential, on a public route of the application', Coats, 'open', null],
    ['no credential, on an optional route of the application', Coats, 'lounge', null],
  ] as const)('is admitted with %s', async (_, controller, handler, principal) => {
    expect(await enter(controller, handler, principal)).toBe(true);
  });

  it('without a credential is refused as anonymous first', async () => {
    await expect(enter(OwnCoats, 'mine', null)).rejects.toMatchObject({ code: 'credentials_missing' });
  });
});

describe('A refusal of the guards', () => {
  class ManyAuth extends DeafAuth {
    override readonly challenges = ['Basic realm="x"', 'Bearer'];
  }

  const headersOf = async (auth: Auth, headers: Record<string, string> = {}) => {
    const { request } = anExchange(headers);
    const context = contextOf('mine', request);
    await expect(guardWith(auth).canActivate(context)).rejects.toBeInstanceOf(Error);
    return context.switchToHttp().getResponse<ServerResponse>().getHeaders();
  };

  it('has all challenges without a credential, and one challenge for an invalid credential', async () => {
    expect(await headersOf(new ManyAuth())).toEqual({ 'www-authenticate': ['Basic realm="x"', 'Bearer'] });
    class OneAuth extends ManyAuth {
      override async authenticate(): Promise<AuthResult> {
        return { ...rejected(), challenges: ['Bearer error="invalid_token"'] };
      }
    }
    expect(await headersOf(new OneAuth())).toEqual({ 'www-authenticate': ['Bearer error="invalid_token"'] });
  });

  it('has Retry-After if the store is unavailable', async () => {
    class LateAuth extends DeafAuth {
      override authenticate(): Promise<AuthResult> {
        return Promise.reject(new StoreUnavailableError());
      }
    }
    expect(await headersOf(new LateAuth())).toEqual({ 'retry-after': 1 });
  });

  it('sets no headers for an unexpected error, which is thrown unchanged', async () => {
    class WrongAuth extends DeafAuth {
      override authenticate(): Promise<AuthResult> {
        return Promise.reject(new TypeError('a mistake'));
      }
    }
    expect(await headersOf(new WrongAuth())).toEqual({});
    await expect(
      guardWith(new WrongAuth()).canActivate(contextOf('mine', anExchange().request)),
    ).rejects.toThrow('a mistake');
  });
});

describe('RolesGuard', () => {
  const guard = new RolesGuard(new Refusals(new DeafAuth(), new AuthOptions()));
  const enter = (handler: keyof Coats, principal?: Principal) => {
    const { request } = anExchange();
    request.principal = principal;
    return guard.canActivate(contextOf(handler, request));
  };
  const principal = (role: 'user' | 'admin') => ({ ...identityOf(aUser({ role })), session: null });

  it('admits every role if the handler names none', () => {
    expect(enter('mine', principal('user'))).toBe(true);
    expect(enter('open')).toBe(true);
  });

  it('admits only users with one of the roles', async () => {
    expect(enter('all', principal('admin'))).toBe(true);
    for (const other of [principal('user'), undefined]) {
      await expect(enter('all', other)).rejects.toMatchObject({ code: 'role_required' });
    }
  });
});
