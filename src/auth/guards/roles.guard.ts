import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { DomainError } from '../../common/domain-error.js';
import { rolesOf } from '../decorators/access.js';
import { Refusals } from '../refusals.js';

/** Lets in only users of a role that `@Roles()` names. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly refusals: Refusals) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const roles = rolesOf(context.getHandler(), context.getClass());
    if (roles.length === 0) return true;
    const { principal } = context.switchToHttp().getRequest<Request>();
    const isAllowed = principal !== undefined && roles.includes(principal.user.role);
    return isAllowed || this.refusals.refuse(new DomainError('role_required'), context);
  }
}
