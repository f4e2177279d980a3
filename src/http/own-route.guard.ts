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

  /** Makes no promise where the guards need no time: in an application that has applied them already. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    setOwnHeaders(exchangeAt(context));
    for (const [index, guard] of this.#guards.entries()) {
      const isAllowed = guard.canActivate(context);
      if (isAllowed !== true) return this.#goOn(isAllowed, index + 1, context);
    }
    return true;
  }

  /** Waits for the decision of a guard, and asks the guards from `index` on. */
  async #goOn(
    isAllowed: ReturnType<CanActivate['canActivate']>,
    index: number,
    context: ExecutionContext,
  ): Promise<boolean> {
    if (!(await isAllowed)) return false;
    for (const guard of this.#guards.slice(index)) if (!(await guard.canActivate(context))) return false;
    return true;
  }
}
