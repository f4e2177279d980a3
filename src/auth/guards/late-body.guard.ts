import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { AuthGuard, wasAdmittedEarly } from './auth.guard.js';
import { RolesGuard } from './roles.guard.js';

/** Checks credential, scope and role again if the body arrived after the first check. Runs after the body is read. */
@Injectable()
export class LateBodyGuard implements CanActivate {
  constructor(
    private readonly auth: AuthGuard,
    private readonly roles: RolesGuard,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    // If the body has not been read yet, the handler reads it.
    return !wasAdmittedEarly(request) || !request.complete || this.#decideAgain(context);
  }

  async #decideAgain(context: ExecutionContext): Promise<boolean> {
    return (await this.auth.decide(context)) && this.roles.canActivate(context);
  }
}
