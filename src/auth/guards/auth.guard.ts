import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { accessOf } from '../decorators/access.js';
import { DomainError } from '../../common/domain-error.js';
import { isSafe } from '../request-checks.js';
import { Auth, type Principal } from '../auth.js';
import { AuthOptions } from '../auth-options.js';
import { SessionCookie } from '../carriers/session-cookie.js';

/** Lets in who may come in: denies by default, and decides on the matched handler, never on the path. */
@Injectable()
export class AuthGuard implements CanActivate {
  readonly #beforeBody = new WeakSet<Request>();

  constructor(
    private readonly auth: Auth,
    private readonly cookie: SessionCookie,
    private readonly options: AuthOptions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessOf(context.getHandler(), context.getClass());
    if (access === 'public') return true;
    const request = context.switchToHttp().getRequest<Request>();
    if (!request.complete) this.#beforeBody.add(request);
    request.principal = (await this.identify(request)) ?? undefined;
    const isStrangerWelcome = access === 'optional' && this.options.dialect.admitsStrangers;
    if (!request.principal && !isStrangerWelcome) throw new DomainError('credentials_missing');
    if (request.principal?.session?.scope === 'read' && !isSafe(request.method))
      throw new DomainError('scope_required');
    return true;
  }

  /** Whether a request was let in before its whole body had arrived, which its sender may have held back since. */
  hasDecidedEarly(request: Request): boolean {
    return this.#beforeBody.has(request);
  }

  /** Who is asking, or null for a stranger; an error that says why where a credential is no good. */
  async identify(request: Request): Promise<Principal | null> {
    const result = await this.auth.authenticate(request);
    if (result.outcome !== 'anonymous') request.challenge = result.challenge;
    if (result.outcome === 'authenticated') return result.principal;
    if (result.outcome === 'rejected') throw new DomainError(result.reason, { endedAt: result.at });
    if (this.options.dialect.everyCredentialCounts && this.#presentsAnything(request)) {
      throw new DomainError('credentials_invalid');
    }
    return null;
  }

  #presentsAnything(request: Request): boolean {
    return Boolean(request.headers.authorization) || this.cookie.read(request) !== null;
  }
}
