import { type CanActivate, type ExecutionContext, Inject, Injectable, Optional } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { checkNeeds } from '../../common/needs.js';
import { type Work, observed } from '../../common/observed.js';
import { Accounts } from '../../users/accounts.js';
import { identityOf } from '../../users/identity.js';
import { Auth, type Principal, type PrincipalGiven } from '../auth.js';
import { readerOf } from '../exchange/contexts.js';
import type { Exchange } from '../exchange/exchange.js';
import { type Access, accessOf, isOwnController } from '../decorators/access.js';
import { Refusals } from '../refusals.js';
import { SecondFactor } from '../second-factor.js';
import { Subscriptions } from '../sockets/subscriptions.js';
import { CrossSiteCheck } from './cross-site-check.js';

const AUTHENTICATE: Work = { kind: 'authenticate', system: 'coatcheck', operation: 'authenticate' };

/**
 * Admits authenticated requests, and others where `@Public()` or `@OptionalAuth()` allows them. Denies by default. Decides by
 * the matched handler, never by the path.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  @Optional()
  @Inject(Subscriptions)
  private readonly subscriptions?: Subscriptions;

  @Optional()
  @Inject(SecondFactor)
  private readonly secondFactor?: SecondFactor;

  constructor(
    @Optional() private readonly auth: Auth,
    @Optional() private readonly crossSite: CrossSiteCheck,
    @Optional() private readonly refusals: Refusals,
    @Optional() private readonly accounts?: Accounts,
  ) {
    checkNeeds('AuthGuard', { AuthModule: auth && crossSite && refusals });
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const isPublic = accessOf(context.getHandler(), context.getClass()) === 'public';
    if (isPublic && !isOwnController(context.getClass())) return true;
    return readerOf(context).exchangeOf(context).isAdmittedTo(context.getHandler()) || this.decide(context);
  }

  /** Checks a request, even if it was admitted before. Throws the refusal. */
  async decide(context: ExecutionContext): Promise<true> {
    const reader = readerOf(context);
    const exchange = reader.exchangeOf(context);
    try {
      await this.#check(exchange, context);
      if (exchange.principal?.session?.scope === 'read' && !reader.onlyReads(context))
        throw new DomainError('scope_required');
    } catch (error) {
      return this.refusals.refuse(error, context);
    }
    exchange.admittedTo = context.getHandler();
    const subscription = reader.subscriptionAt?.(context);
    if (subscription?.principal)
      this.subscriptions?.watch(subscription, context, (one) => this.identify(one, false));
    return true;
  }

  /**
   * The principal of a request; null without a credential. Throws a `DomainError` with the reason if it is invalid. `isUse` is
   * false if this must not count as a use of the session.
   */
  async identify(exchange: Exchange, isUse = true): Promise<Principal | null> {
    const result = await observed(AUTHENTICATE, () => exchange.ask(this.auth, isUse));
    if (result.outcome === 'authenticated') {
      const { principal: given } = result;
      const principal = isWhole(given) ? given : await this.#complete(given);
      if (principal.account.disabled) throw new DomainError('user_disabled');
      if (this.secondFactor?.isMissingIn(principal)) throw new DomainError('second_factor_required');
      return principal;
    }
    if (result.outcome === 'anonymous') return null;
    exchange.challenges = result.challenges ?? null;
    if (exchange.hasResponse) result.forget?.takeBack(exchange.headers);
    throw new DomainError(result.reason, { endedAt: result.at });
  }

  /** Whether a route accepts requests without a credential. */
  protected admitsAnonymous(access: Access): boolean {
    return access === 'optional';
  }

  /** Adds what a strategy has left out. */
  async #complete({ user, account: _, credentialVersion: __, ...rest }: PrincipalGiven): Promise<Principal> {
    const identity = this.accounts ? await this.accounts.identify(user) : identityOf(user);
    return { ...identity, ...rest };
  }

  async #check(exchange: Exchange, context: ExecutionContext): Promise<void> {
    const access = accessOf(context.getHandler(), context.getClass());
    if (access !== 'public') {
      exchange.wasAdmittedEarly = !exchange.isComplete;
      exchange.principal = (await exchange.identifiedBy(() => this.identify(exchange))) ?? undefined;
      if (!exchange.principal && !this.admitsAnonymous(access)) throw new DomainError('credentials_missing');
    }
    const { principal } = exchange;
    const isByBearer = principal?.session?.transport === 'bearer';
    // A sign-in replaces the cookie in the browser, even if the request has none.
    const isAmbient = principal !== undefined || isOwnController(context.getClass());
    if (isAmbient && !isByBearer) this.crossSite.check(exchange);
  }
}

function isWhole(given: PrincipalGiven): given is Principal {
  return given.account !== undefined && given.credentialVersion !== undefined;
}
