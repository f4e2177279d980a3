import { type CanActivate, type ExecutionContext, Injectable, Optional } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { checkNeeds } from '../../common/needs.js';
import { ADMIN } from '../../users/user.js';
import { UsersOptions } from '../../users/users-options.js';
import { rolesOf } from '../decorators/access.js';
import { exchangeAt } from '../exchange/contexts.js';
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
    const { any, all, isForAdmins } = rolesOf(context.getHandler(), context.getClass());
    const wanted = isForAdmins ? [...all, this.options?.adminRole ?? ADMIN] : all;
    if (any.length === 0 && wanted.length === 0) return true;
    const { principal } = exchangeAt(context);
    const roles = principal?.account.roles ?? [];
    const isAllowed =
      wanted.every((role) => roles.includes(role)) &&
      (any.length === 0 || any.some((role) => roles.includes(role)));
    return isAllowed || this.refusals.refuse(new DomainError('role_required'), context);
  }
}
