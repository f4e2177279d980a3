import { Injectable } from '@nestjs/common';
import type { AuthRequest } from './auth-request.js';
import { AuthOptions } from './auth-options.js';
import { STRATEGIES, chooseStrategies, takesTokens } from './auth.provider.js';
import { CookieCarrier } from './carriers/cookie-carrier.js';
import { headerOf } from './header-of.js';

const BEARER = /^bearer +\S/i;

/**
 * Recognizes requests whose only credential is a bearer token. Browsers do not add one by themselves, so another site cannot
 * use it.
 */
@Injectable()
export class BearerAlone {
  readonly #takesTokens: boolean;
  readonly #readsOurCookieOnly: boolean;

  constructor(
    { types, strategies }: AuthOptions,
    private readonly cookie: CookieCarrier,
  ) {
    const chosen = chooseStrategies(types, strategies);
    this.#takesTokens = takesTokens(chosen);
    this.#readsOurCookieOnly = chosen.every((strategy) => Object.values(STRATEGIES).includes(strategy));
  }

  /** With a custom strategy, which may read any cookie, a request with any cookie returns false. */
  isOnlyCredentialOf(request: AuthRequest): boolean {
    if (!this.#takesTokens || !BEARER.test(headerOf(request, 'authorization'))) return false;
    return this.#readsOurCookieOnly
      ? this.cookie.read(request) === null
      : request.headers.cookie === undefined;
  }
}
