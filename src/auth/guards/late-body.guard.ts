import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { AuthGuard, wasAdmittedEarly } from './auth.guard.js';
import { RolesGuard } from './roles.guard.js';

/** Checks credential, scope and role again where the body arrived after they were checked; it comes after the body is read. */
@Injectable()
export class LateBodyGuard implements CanActivate {
  constructor(
    private readonly auth: AuthGuard,
    private readonly roles: RolesGuard,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    // A body that nobody has read yet is its handler's matter.
    return !wasAdmittedEarly(request) || !request.complete || this.#decideAgain(context);
  }

  async #decideAgain(context: ExecutionContext): Promise<boolean> {
    return (await this.auth.decide(context)) && this.roles.canActivate(context);
  }
}
