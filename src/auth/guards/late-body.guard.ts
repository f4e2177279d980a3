import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { exchangeAt } from '../exchange/contexts.js';
import { AuthGuard } from './auth.guard.js';
import { RolesGuard } from './roles.guard.js';

/** Checks credential, scope and role again if the body arrived after the first check. Runs after the body is read. */
@Injectable()
export class LateBodyGuard implements CanActivate {
  constructor(
    private readonly auth: AuthGuard,
    private readonly roles: RolesGuard,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { wasAdmittedEarly, isComplete } = exchangeAt(context);
    // If the body has not been read yet, the handler reads it.
    return !wasAdmittedEarly || !isComplete || this.#decideAgain(context);
  }

  async #decideAgain(context: ExecutionContext): Promise<boolean> {
    return (await this.auth.decide(context)) && this.roles.canActivate(context);
  }
}
