import { type CanActivate, type ExecutionContext, Injectable, Optional } from '@nestjs/common';
import { type Freshness, freshnessOf } from '../decorators/access.js';
import { readerOf } from '../exchange/contexts.js';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { checkNeeds } from '../../common/needs.js';
import type { Session } from '../../sessions/session.js';
import { Refusals } from '../refusals.js';

/** Where `@Fresh()` requires it, admits only users who recently confirmed their password. Runs after the body is read. */
@Injectable()
export class FreshGuard implements CanActivate {
  constructor(
    @Optional() private readonly clock: Clock,
    @Optional() private readonly refusals: Refusals,
  ) {
    checkNeeds('FreshGuard', { AuthModule: clock && refusals });
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const wanted = freshnessOf(context.getHandler(), context.getClass());
    if (!wanted) return true;
    const reader = readerOf(context);
    const { principal } = reader.exchangeOf(context);
    const isProven = principal?.isProven && (!wanted.by || wanted.by.includes('password'));
    const isFresh = isProven || this.#ageOf(principal?.session, wanted) <= wanted.maxAge;
    if (isFresh || !isWanted(wanted, reader.inputOf(context))) return true;
    return this.refusals.refuse(
      new DomainError('session_not_fresh', { maxAge: wanted.maxAge / 1000, proofs: wanted.by }),
      context,
    );
  }

  /** Milliseconds since the last of these proofs; Infinity without one, without a session and for an access token. */
  #ageOf(session: Session | null | undefined, { by }: Freshness): number {
    if (!session || session.kind === 'access_token') return Infinity;
    const times = by
      ? by.map((kind) => session.proofs[kind]?.getTime() ?? -Infinity)
      : [session.authenticatedAt.getTime()];
    return this.clock.now().getTime() - Math.max(...times);
  }
}

/** An unread body, and one that is no plain object, always needs the proof: `when` cannot judge it. */
function isWanted({ when }: Freshness, body: unknown): boolean {
  const isPlain =
    typeof body === 'object' && body !== null && !Array.isArray(body) && !Object.hasOwn(body, '__proto__');
  return !isPlain || when(body as Readonly<Record<string, unknown>>);
}
