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
import type { AuthGuard } from './auth.guard.js';
import { Refusals } from '../refusals.js';
import { AuthOptions } from '../auth-options.js';
import { RolesGuard } from './roles.guard.js';
import { SessionCookie } from '../carriers/session-cookie.js';
import { sessionUsersOf } from '../session-users.js';
import { SessionAuth } from '../strategies/session.auth.js';

class Coats {
  @Public()
  open() {}

  @OptionalAuth()
  lounge() {}

  mine() {}

  @Roles('admin', 'keeper')
  all() {}
}

/** Is concerned with nothing. */
class DeafAuth extends Auth {
  readonly challenge = 'Nothing';

  authenticate(): Promise<AuthResult> {
    return Promise.resolve(ANONYMOUS);
  }
}

/** Knows one person, who is everybody. */
class KnowingAuth extends DeafAuth {
  constructor(private readonly principal: Principal) {
    super();
  }

  override authenticate(): Promise<AuthResult> {
    return Promise.resolve({ outcome: 'authenticated', principal: this.principal });
  }
}

/** Says of every session that it is over. */
class RefusingAuth extends DeafAuth {
  constructor(private readonly at: Date) {
    super();
  }

  override authenticate(): Promise<AuthResult> {
    return Promise.resolve(rejected('session_evicted', this.at));
  }
}

const contextOf = (handler: keyof Coats, request: Request) => contextAt(Coats, handler, request);

describe('The guard', () => {
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
    const cookie = new SessionCookie(options);
    const auth = new SessionAuth(sessions, sessionUsersOf(sessionStore, userStore), cookie, options);
    guard = guardWith(auth, options);
  });

  /** Whom the guard lets in to a handler: a principal, or undefined for a stranger. */
  const admit = async (handler: keyof Coats, headers: Record<string, string> = {}) => {
    const { request } = anExchange(headers);
    expect(await guard.canActivate(contextOf(handler, request))).toBe(true);
    return request.principal;
  };
  const refusal = (code: string) => ({ name: 'DomainError', code });

  it('asks nobody who they are where all may come in', async () => {
    for (const headers of [undefined, { cookie: `sid=${token}` }, { cookie: 'sid=forged' }]) {
      expect(await admit('open', headers)).toBeUndefined();
    }
  });

  it.each(['mine', 'all', 'lounge'] as const)(
    'lets in who is signed in, and says who it is: %s',
    async (handler) => {
      expect(await admit(handler, { cookie: `sid=${token}` })).toMatchObject({
        user: { id: user.id },
        session: { userId: user.id },
      });
    },
  );

  it.each(['mine', 'all'] as const)('refuses a stranger what is not public: %s', async (handler) => {
    await expect(admit(handler)).rejects.toMatchObject(refusal('credentials_missing'));
  });

  it('lets strangers in where they are welcome too', async () => {
    expect(await admit('lounge')).toBeUndefined();
  });

  it.each(['mine', 'lounge'] as const)('refuses who shows a token that is no good: %s', async (handler) => {
    await expect(admit(handler, { cookie: 'sid=forged' })).rejects.toMatchObject(
      refusal('credentials_invalid'),
    );
  });

  it('takes a credential that no strategy reads for none', async () => {
    const bearer = { authorization: 'Bearer of a coat' };
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
  ] as const)('has who may %s do %j and not %j', async (scope, allowed, refused) => {
    const options = new AuthOptions();
    const auth = new KnowingAuth({ user, session: aSession({ kind: 'access_token', scope }) });
    const scoped = guardWith(auth, options);
    const ask = (method: string) => scoped.canActivate(contextOf('mine', anExchange({}, { method }).request));
    for (const method of allowed) expect(await ask(method)).toBe(true);
    for (const method of refused) await expect(ask(method)).rejects.toMatchObject(refusal('scope_required'));
  });

  it('tells why a session is over, and since when', async () => {
    const at = new Date();
    const options = new AuthOptions();
    const refusing = guardWith(new RefusingAuth(at), options);
    await expect(refusing.canActivate(contextOf('mine', anExchange().request))).rejects.toMatchObject({
      ...refusal('session_evicted'),
      problem: { endedAt: at },
    });
  });

  it('does not keep a principal that somebody else set', async () => {
    const { request } = anExchange();
    request.principal = { user, session: null };
    await guard.canActivate(contextOf('lounge', request));
    expect(request.principal).toBeUndefined();
  });
});

describe('The guard twice before a handler', () => {
  const user = aUser();
  const asked: string[] = [];

  class CountingAuth extends Auth {
    readonly challenge = 'Counting';

    async authenticate({ url }: Request): Promise<AuthResult> {
      asked.push(url);
      return { outcome: 'authenticated', principal: { user, session: null } };
    }
  }

  it('asks once, and again for another handler', async () => {
    const guard = guardWith(new CountingAuth());
    const other = guardWith(new CountingAuth());
    const { request } = anExchange({}, { url: '/once' });
    expect(await guard.canActivate(contextOf('mine', request))).toBe(true);
    expect(await other.canActivate(contextOf('mine', request))).toBe(true);
    expect(asked).toEqual(['/once']);
    await guard.canActivate(contextOf('all', request));
    expect(asked).toEqual(['/once', '/once']);
    await guard.decide(contextOf('all', request));
    expect(asked).toHaveLength(3);
  });

  it('asks again where the first answer was a refusal', async () => {
    const { request } = anExchange();
    await expect(guardWith(new DeafAuth()).canActivate(contextOf('mine', request))).rejects.toThrow();
    await expect(guardWith(new DeafAuth()).canActivate(contextOf('mine', request))).rejects.toThrow();
  });
});

describe('A request of another site', () => {
  @SetMetadata(OWN_ROUTES, true)
  class OwnCoats extends Coats {}

  const user = aUser();
  const foreign = () =>
    anExchange({ host: 'api.example.com', origin: 'https://evil.example' }, { method: 'POST' }).request;
  const cookie = { user, session: aSession({ transport: 'cookie' }) };
  const bearer = { user, session: aSession({ transport: 'bearer' }) };
  const basic = { user, session: null };

  const enter = async (controller: typeof Coats, handler: keyof Coats, principal: Principal | null) =>
    guardWith(principal ? new KnowingAuth(principal) : new DeafAuth()).canActivate(
      contextAt(controller, handler, foreign()),
    );

  it.each([
    ['a cookie', Coats, 'mine', cookie],
    ['Basic authentication', Coats, 'mine', basic],
    ['a cookie, where a credential is optional', Coats, 'lounge', cookie],
    ['nothing, on a public route of ours', OwnCoats, 'open', null],
    ['nothing, on an optional route of ours', OwnCoats, 'lounge', null],
    ['a cookie, on a route of ours', OwnCoats, 'mine', cookie],
  ] as const)('is refused with %s', async (_, controller, handler, principal) => {
    await expect(enter(controller, handler, principal)).rejects.toMatchObject({ code: 'cross_site_request' });
  });

  it.each([
    ['a bearer token', Coats, 'mine', bearer],
    ['a bearer token, on a route of ours', OwnCoats, 'mine', bearer],
    ['nothing, on a public route of the application', Coats, 'open', null],
    ['nothing, on an optional route of the application', Coats, 'lounge', null],
  ] as const)('is let in with %s', async (_, controller, handler, principal) => {
    expect(await enter(controller, handler, principal)).toBe(true);
  });

  it('is anonymous before it is foreign', async () => {
    await expect(enter(OwnCoats, 'mine', null)).rejects.toMatchObject({ code: 'credentials_missing' });
  });
});

describe('A refusal of the guards', () => {
  class ManyAuth extends DeafAuth {
    override get challenges() {
      return ['Basic realm="x"', 'Bearer'];
    }
  }

  const headersOf = async (auth: Auth, headers: Record<string, string> = {}) => {
    const { request } = anExchange(headers);
    const context = contextOf('mine', request);
    await expect(guardWith(auth).canActivate(context)).rejects.toBeInstanceOf(Error);
    return context.switchToHttp().getResponse<ServerResponse>().getHeaders();
  };

  it('has all challenges where nothing was presented, and one where it was', async () => {
    expect(await headersOf(new ManyAuth())).toEqual({ 'www-authenticate': ['Basic realm="x"', 'Bearer'] });
    class OneAuth extends ManyAuth {
      override async authenticate(): Promise<AuthResult> {
        return { ...rejected(), challenge: 'Bearer error="invalid_token"' } as AuthResult;
      }
    }
    expect(await headersOf(new OneAuth())).toEqual({ 'www-authenticate': ['Bearer error="invalid_token"'] });
  });

  it('says when to try again where the store does not answer', async () => {
    class LateAuth extends DeafAuth {
      override authenticate(): Promise<AuthResult> {
        return Promise.reject(new StoreUnavailableError());
      }
    }
    expect(await headersOf(new LateAuth())).toEqual({ 'retry-after': 1 });
  });

  it('is no refusal where the code is wrong: the error stays what it is', async () => {
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

describe('The guard of roles', () => {
  const guard = new RolesGuard(new Refusals(new DeafAuth(), new AuthOptions()));
  const enter = (handler: keyof Coats, principal?: Principal) => {
    const { request } = anExchange();
    request.principal = principal;
    return guard.canActivate(contextOf(handler, request));
  };
  const principal = (role: 'user' | 'admin') => ({ user: aUser({ role }), session: null });

  it('asks for none where no role is named', () => {
    expect(enter('mine', principal('user'))).toBe(true);
    expect(enter('open')).toBe(true);
  });

  it('lets in who has one of the roles, and nobody else', async () => {
    expect(enter('all', principal('admin'))).toBe(true);
    for (const other of [principal('user'), undefined]) {
      await expect(enter('all', other)).rejects.toMatchObject({ code: 'role_required' });
    }
  });
});
