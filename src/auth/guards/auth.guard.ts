import { type CanActivate, type ExecutionContext, Injectable, Optional } from '@nestjs/common';
import type { Request, Response } from 'express';
import { DomainError } from '../../common/domain-error.js';
import { checkNeeds } from '../../common/needs.js';
import { Accounts } from '../../users/accounts.js';
import { identityOf } from '../../users/identity.js';
import { Auth, type Principal, type PrincipalGiven } from '../auth.js';
import { authRequestOf } from '../express-request.js';
import { type Access, accessOf, isOwnController } from '../decorators/access.js';
import { Refusals } from '../refusals.js';
import { isSafe } from '../request-checks.js';
import { CrossSiteCheck } from './cross-site-check.js';

/** The handler that each request was admitted to, so that a guard applied twice to a handler authenticates only once. */
const admitted = new WeakMap<Request, object>();

/** The requests that were admitted before their whole body had arrived. */
const early = new WeakSet<Request>();

/** Whether a request was admitted before its whole body had arrived. A client may delay the body for as long as it likes. */
export function wasAdmittedEarly(request: Request): boolean {
  return early.has(request);
}

/**
 * Admits authenticated requests, and others where `@Public()` or `@OptionalAuth()` allows them. Denies by default. Decides by
 * the matched handler, never by the path.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Optional() private readonly auth: Auth,
    @Optional() private readonly crossSite: CrossSiteCheck,
    @Optional() private readonly refusals: Refusals,
    @Optional() private readonly accounts?: Accounts,
  ) {
    checkNeeds('AuthGuard', { AuthModule: auth && crossSite && refusals });
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const isPublic = accessOf(context.getHandler(), context.getClass()) === 'public';
    if (isPublic && !isOwnController(context.getClass())) return true;
    if (context.getType() !== 'http')
      throw new Error(
        `AuthGuard reads HTTP requests only. Make this ${context.getType()} handler @Public(), and guard it yourself.`,
      );
    return admitted.get(request) === context.getHandler() || this.decide(context);
  }

  /** Checks a request, even if it was admitted before. Throws the refusal. */
  async decide(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<Request>();
    try {
      await this.#check(request, context);
    } catch (error) {
      return this.refusals.refuse(error, context);
    }
    admitted.set(request, context.getHandler());
    return true;
  }

  /** The principal of a request; null without a credential. Throws a `DomainError` with the reason if it is invalid. */
  async identify(request: Request, response: Response): Promise<Principal | null> {
    const result = await this.auth.authenticate(authRequestOf(request));
    if (result.outcome === 'authenticated') {
      const principal = await this.#whole(result.principal);
      if (principal.account.disabled) throw new DomainError('user_disabled');
      return principal;
    }
    if (result.outcome === 'anonymous') return null;
    request.challenges = result.challenges;
    result.forget?.takeBack(response);
    throw new DomainError(result.reason, { endedAt: result.at });
  }

  /** Whether a route accepts requests without a credential. */
  protected admitsAnonymous(access: Access): boolean {
    return access === 'optional';
  }

  /** Adds what a strategy has left out. */
  async #whole({ user, account, credentialVersion, ...rest }: PrincipalGiven): Promise<Principal> {
    if (account && credentialVersion !== undefined) return { user, account, credentialVersion, ...rest };
    const identity = this.accounts ? await this.accounts.identify(user) : identityOf(user);
    return { ...identity, ...rest };
  }

  async #check(request: Request, context: ExecutionContext): Promise<void> {
    const access = accessOf(context.getHandler(), context.getClass());
    if (access !== 'public') {
      if (request.complete) early.delete(request);
      else early.add(request);
      request.principal =
        (await this.identify(request, context.switchToHttp().getResponse<Response>())) ?? undefined;
      if (!request.principal && !this.admitsAnonymous(access)) throw new DomainError('credentials_missing');
    }
    const { principal } = request;
    const isByBearer = principal?.session?.transport === 'bearer';
    // A sign-in replaces the cookie in the browser, even if the request has none.
    const isAmbient = principal !== undefined || isOwnController(context.getClass());
    if (isAmbient && !isByBearer) this.crossSite.check(request);
    if (principal?.session?.scope === 'read' && !isSafe(request.method))
      throw new DomainError('scope_required');
  }
}
