import { Injectable, Optional } from '@nestjs/common';
import { Auth, type Principal } from '../../auth/auth.js';
import { CookieCarrier } from '../../auth/carriers/cookie-carrier.js';
import type { Exchange } from '../../auth/exchange/exchange.js';
import { AuthGuard } from '../../auth/guards/auth.guard.js';
import { CrossSiteCheck } from '../../auth/guards/cross-site-check.js';
import { headerOf } from '../../auth/header-of.js';
import { Refusals } from '../../auth/refusals.js';
import { Accounts } from '../../users/accounts.js';
import { DomainError } from '../../common/domain-error.js';

/** Also refuses credentials that no strategy reads, and anonymous requests to `@OptionalAuth()` routes. */
@Injectable()
export class AlxAuthGuard extends AuthGuard {
  constructor(
    auth: Auth,
    crossSite: CrossSiteCheck,
    refusals: Refusals,
    private readonly cookie: CookieCarrier,
    @Optional() accounts?: Accounts,
  ) {
    super(auth, crossSite, refusals, accounts);
  }

  override async identify(exchange: Exchange, isUse = true): Promise<Principal | null> {
    const principal = await super.identify(exchange, isUse);
    const { authRequest } = exchange;
    const hasCredential =
      headerOf(authRequest, 'authorization') !== '' || this.cookie.read(authRequest) !== null;
    if (!principal && hasCredential) throw new DomainError('credentials_invalid');
    return principal;
  }

  protected override admitsAnonymous(): boolean {
    return false;
  }
}
