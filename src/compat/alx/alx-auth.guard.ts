import { Injectable, Optional } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Auth, type Principal } from '../../auth/auth.js';
import { CookieCarrier } from '../../auth/carriers/cookie-carrier.js';
import { authRequestOf } from '../../auth/express-request.js';
import { AuthGuard } from '../../auth/guards/auth.guard.js';
import { CrossSiteCheck } from '../../auth/guards/cross-site-check.js';
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

  override async identify(request: Request, response: Response): Promise<Principal | null> {
    const principal = await super.identify(request, response);
    const hasCredential =
      Boolean(request.headers.authorization) || this.cookie.read(authRequestOf(request)) !== null;
    if (!principal && hasCredential) throw new DomainError('credentials_invalid');
    return principal;
  }

  protected override admitsAnonymous(): boolean {
    return false;
  }
}
