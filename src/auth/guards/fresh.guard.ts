import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { type Freshness, freshnessOf } from '../decorators/access.js';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import type { Session } from '../../sessions/session.js';
import { Refusals } from '../refusals.js';

/** Lets in, where `@Fresh()` asks for it, only users who recently proved who they are; it comes after the body is read. */
@Injectable()
export class FreshGuard implements CanActivate {
  constructor(
    private readonly clock: Clock,
    private readonly refusals: Refusals,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const wanted = freshnessOf(context.getHandler(), context.getClass());
    if (!wanted) return true;
    const { body, principal } = context.switchToHttp().getRequest<Request>();
    const isFresh = principal?.isProven || this.#ageOf(principal?.session) <= wanted.maxAge;
    if (isFresh || !isWanted(wanted, body)) return true;
    return this.refusals.refuse(
      new DomainError('session_not_fresh', { maxAge: wanted.maxAge / 1000 }),
      context,
    );
  }

  /** Milliseconds since the last proof of a session; of an access token there is none. */
  #ageOf(session: Session | null | undefined): number {
    if (!session || session.kind === 'access_token') return Infinity;
    return this.clock.now().getTime() - session.authenticatedAt.getTime();
  }
}

/** A body that nobody has read, or that is no plain object, may ask for anything. */
function isWanted({ when }: Freshness, body: unknown): boolean {
  const isPlain =
    typeof body === 'object' && body !== null && !Array.isArray(body) && !Object.hasOwn(body, '__proto__');
  return !isPlain || when(body as Readonly<Record<string, unknown>>);
}
