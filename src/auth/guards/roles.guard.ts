import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { rolesOf } from '../decorators/access.js';
import { DomainError } from '../../common/domain-error.js';

/** Lets in only users of a role that `@Roles()` names. */
@Injectable()
export class RolesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const roles = rolesOf(context.getHandler(), context.getClass());
    if (roles.length === 0) return true;
    const { principal } = context.switchToHttp().getRequest<Request>();
    if (!principal || !roles.includes(principal.user.role)) throw new DomainError('role_required');
    return true;
  }
}
