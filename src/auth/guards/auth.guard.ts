import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { DomainError } from '../../common/domain-error.js';
import { Auth, type Principal } from '../auth.js';
import { type Access, accessOf, isOwnController } from '../decorators/access.js';
import { Refusals } from '../refusals.js';
import { isSafe } from '../request-checks.js';
import { CrossSiteCheck } from './cross-site-check.js';

/** The handlers that requests were let in to, so that a guard that stands twice before a handler asks no store twice. */
const admitted = new WeakMap<Request, object>();

/** The requests that were let in before their whole body had arrived. */
const early = new WeakSet<Request>();

/** Whether a request was let in before its whole body had arrived, which its sender may have held back since. */
export function wasAdmittedEarly(request: Request): boolean {
  return early.has(request);
}

/**
 * Lets in authenticated requests, and others where `@Public()` or `@OptionalAuth()` says so: denies by default, and decides
 * on the matched handler, never on the path.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly auth: Auth,
    private readonly crossSite: CrossSiteCheck,
    private readonly refusals: Refusals,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const isPublic = accessOf(context.getHandler(), context.getClass()) === 'public';
    const isChecked = isPublic && !isOwnController(context.getClass());
    return isChecked || admitted.get(request) === context.getHandler() || this.decide(context);
  }

  /** Decides again, whatever was decided about the request before. */
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

  /** Who sent a request, or null without a credential; an error that says why where a credential is invalid. */
  async identify(request: Request): Promise<Principal | null> {
    const result = await this.auth.authenticate(request);
    if (result.outcome !== 'anonymous') request.challenge = result.challenge;
    if (result.outcome === 'authenticated') return result.principal;
    if (result.outcome === 'rejected') throw new DomainError(result.reason, { endedAt: result.at });
    return null;
  }

  /** Whether a route serves requests without a credential. */
  protected admitsAnonymous(access: Access): boolean {
    return access === 'optional';
  }

  async #check(request: Request, context: ExecutionContext): Promise<void> {
    const access = accessOf(context.getHandler(), context.getClass());
    if (access !== 'public') {
      if (request.complete) early.delete(request);
      else early.add(request);
      request.principal = (await this.identify(request)) ?? undefined;
      if (!request.principal && !this.admitsAnonymous(access)) throw new DomainError('credentials_missing');
    }
    const { principal } = request;
    const isByBearer = principal?.session?.transport === 'bearer';
    // A sign-in changes the cookie that the browser has, whether or not it sent one.
    const isAmbient = principal !== undefined || isOwnController(context.getClass());
    if (isAmbient && !isByBearer) this.crossSite.check(request);
    if (principal?.session?.scope === 'read' && !isSafe(request.method))
      throw new DomainError('scope_required');
  }
}
