import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Auth, type Principal } from '../../auth/auth.js';
import { SessionCookie } from '../../auth/carriers/session-cookie.js';
import { AuthGuard } from '../../auth/guards/auth.guard.js';
import { CrossSiteCheck } from '../../auth/guards/cross-site-check.js';
import { Refusals } from '../../auth/refusals.js';
import { DomainError } from '../../common/domain-error.js';

/** Refuses any credential that no strategy accepts, whatever its kind, and anonymous requests of `@OptionalAuth()` routes. */
@Injectable()
export class AlxAuthGuard extends AuthGuard {
  constructor(
    auth: Auth,
    crossSite: CrossSiteCheck,
    refusals: Refusals,
    private readonly cookie: SessionCookie,
  ) {
    super(auth, crossSite, refusals);
  }

  override async identify(request: Request): Promise<Principal | null> {
    const principal = await super.identify(request);
    const hasCredential = Boolean(request.headers.authorization) || this.cookie.read(request) !== null;
    if (!principal && hasCredential) throw new DomainError('credentials_invalid');
    return principal;
  }

  protected override admitsAnonymous(): boolean {
    return false;
  }
}
