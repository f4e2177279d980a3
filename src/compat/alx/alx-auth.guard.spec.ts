import { describe, expect, it } from '@jest/globals';
import { anExchange } from '../../../test/support/exchange.js';
import { contextOf } from '../../../test/support/guards.js';
import { ANONYMOUS, Auth, type AuthResult, type Principal } from '../../auth/auth.js';
import { AuthOptions } from '../../auth/auth-options.js';
import { CookieCarrier } from '../../auth/carriers/cookie-carrier.js';
import { OptionalAuth, Public } from '../../auth/decorators/access.js';
import { Refusals } from '../../auth/refusals.js';
import { aUser } from '../../testing/samples.js';
import { ALX_AUTH } from './alx-options.js';
import { AlxAuthGuard } from './alx-auth.guard.js';
import { AlxCrossSiteCheck } from './alx-cross-site-check.js';
import { identityOf } from '../../users/identity.js';

class Routes {
  @Public()
  open() {}

  @OptionalAuth()
  optional() {}

  closed() {}
}

/** Authenticates every request as one principal, or none. */
class FixedAuth extends Auth {
  readonly challenges = ['Fixed'];

  constructor(private readonly principal: Principal | null) {
    super();
  }

  async authenticate(): Promise<AuthResult> {
    return this.principal ? { outcome: 'authenticated', principal: this.principal } : ANONYMOUS;
  }
}

const options = new AuthOptions({ ...ALX_AUTH, cookie: { name: 'sid', secure: false } });
const COOKIE = { cookie: 'sid=a-session-of-another-strategy' };
const BEARER = { authorization: 'Bearer token' };

/** True, or the status of the refusal. */
async function ask(
  handler: keyof Routes,
  headers: Record<string, string>,
  principal: Principal | null = null,
): Promise<unknown> {
  const auth = new FixedAuth(principal);
  const crossSite = new AlxCrossSiteCheck({ https: false, trustedOrigins: [] });
  const guard = new AlxAuthGuard(auth, crossSite, new Refusals(auth, options), new CookieCarrier(options));
  const answer = Promise.resolve(guard.canActivate(contextOf(Routes, handler, anExchange(headers).request)));
  return answer.catch((error: { getStatus(): number; getResponse(): unknown }) => [
    error.getStatus(),
    error.getResponse(),
  ]);
}

describe('AlxAuthGuard', () => {
  it.each(['closed', 'optional'] as const)('refuses requests without a credential: %s', async (handler) => {
    expect(await ask(handler, {})).toEqual([401, { error: 'Unauthorized' }]);
  });

  it.each(['closed', 'optional'] as const)(
    'refuses any credential that no strategy reads: %s',
    async (handler) => {
      for (const headers of [COOKIE, BEARER, { ...COOKIE, ...BEARER }])
        expect(await ask(handler, headers)).toEqual([403, { error: 'Forbidden' }]);
    },
  );

  it('admits authenticated requests, and all to a public route', async () => {
    const principal = { ...identityOf(aUser()), session: null };
    expect(await ask('closed', BEARER, principal)).toBe(true);
    expect(await ask('optional', COOKIE, principal)).toBe(true);
    for (const headers of [{}, COOKIE, BEARER]) expect(await ask('open', headers)).toBe(true);
  });
});
