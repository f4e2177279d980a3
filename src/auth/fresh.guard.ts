import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { type Freshness, freshnessOf } from '../common/access.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { SessionsService } from '../sessions/sessions.service.js';
import type { Principal } from './auth.js';
import { AuthOptions } from './auth-options.js';

/** Lets in, where `@Fresh()` asks for it, only who has lately proven who they are; it comes after the body is read. */
@Injectable()
export class FreshGuard implements CanActivate {
  constructor(
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
    private readonly options: AuthOptions,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const wanted = freshnessOf(context.getHandler(), context.getClass());
    if (!wanted || !this.options.dialect.demandsFreshness) return true;
    const { body, principal } = context.switchToHttp().getRequest<Request>();
    if (!isWanted(wanted, body) || principal?.isProven) return true;
    return this.#check(principal, wanted);
  }

  /** By the session as it is now: the body may have been held back until it was over. */
  async #check(principal: Principal | undefined, { maxAge }: Freshness): Promise<true> {
    const session = principal?.session && (await this.sessions.find(principal.user, principal.session.id));
    if (principal?.session && !session) throw new DomainError('credentials_invalid');
    const isProof = session && session.kind !== 'access_token';
    const age = isProof ? this.clock.now().getTime() - session.authenticatedAt.getTime() : Infinity;
    if (age > maxAge) throw new DomainError('session_not_fresh', { maxAge: maxAge / 1000 });
    return true;
  }
}

/** A body that nobody has read may ask for anything. */
function isWanted({ when }: Freshness, body: unknown): boolean {
  return body === undefined || when(Object(body) as Readonly<Record<string, unknown>>);
}
