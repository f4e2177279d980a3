import { type CanActivate, type ExecutionContext, Injectable, Optional } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { checkNeeds } from '../../common/needs.js';
import { ADMIN } from '../../users/user.js';
import { UsersOptions } from '../../users/users-options.js';
import { needsRole, rolesOf } from '../decorators/access.js';
import { exchangeAt } from '../exchange/contexts.js';
import type { Principal } from '../auth.js';
import { Refusals } from '../refusals.js';

/** Admits only users with the roles that `@Roles()` asks for. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(
    @Optional() private readonly refusals: Refusals,
    @Optional() private readonly options?: UsersOptions,
  ) {
    checkNeeds('RolesGuard', { AuthModule: refusals });
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    if (!needsRole(handler, controller)) return true;
    const isAllowed = this.admits(exchangeAt(context).principal, handler, controller);
    return isAllowed || this.refusals.refuse(new DomainError('role_required'), context);
  }

  /** Whether a principal has the roles that a handler asks for. */
  admits(principal: Principal | undefined, handler: object, controller: object): boolean {
    const { any, all, isForAdmins } = rolesOf(handler, controller);
    const wanted = isForAdmins ? [...all, this.options?.adminRole ?? ADMIN] : all;
    const roles = principal?.account.roles ?? [];
    return (
      wanted.every((role) => roles.includes(role)) &&
      (any.length === 0 || any.some((role) => roles.includes(role)))
    );
  }
}
