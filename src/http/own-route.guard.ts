import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { exchangeAt } from '../auth/exchange/contexts.js';
import { AuthGuard } from '../auth/guards/auth.guard.js';
import { FreshGuard } from '../auth/guards/fresh.guard.js';
import { LateBodyGuard } from '../auth/guards/late-body.guard.js';
import { RolesGuard } from '../auth/guards/roles.guard.js';
import { BodyGuard } from './body.guard.js';
import { setOwnHeaders } from './own-headers.js';

/** All guards in their order: credential, role, body, and whether the password confirmation is recent enough for it. */
export const GUARDS = [AuthGuard, RolesGuard, BodyGuard, LateBodyGuard, FreshGuard] as const;

/** Applies all guards to the Coatcheck routes, even if the application does not apply them to its own routes. */
@Injectable()
export class OwnRouteGuard implements CanActivate {
  readonly #guards: readonly CanActivate[];

  constructor(
    auth: AuthGuard,
    roles: RolesGuard,
    body: BodyGuard,
    lateBody: LateBodyGuard,
    fresh: FreshGuard,
  ) {
    this.#guards = [auth, roles, body, lateBody, fresh];
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    setOwnHeaders(exchangeAt(context));
    for (const guard of this.#guards) {
      const isAllowed = guard.canActivate(context);
      if (isAllowed !== true && !(await isAllowed)) return false;
    }
    return true;
  }
}
