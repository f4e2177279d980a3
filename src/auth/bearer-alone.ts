import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { AuthOptions } from './auth-options.js';
import { STRATEGIES, chooseStrategies, takesTokens } from './auth.provider.js';
import { SessionCookie } from './carriers/session-cookie.js';

const BEARER = /^bearer +\S/i;

/**
 * Tells requests whose only credential is a bearer token. No browser adds one by itself, so there is nothing that another
 * site could use.
 */
@Injectable()
export class BearerAlone {
  readonly #takesTokens: boolean;
  readonly #readsOurCookieOnly: boolean;

  constructor(
    { types, strategies }: AuthOptions,
    private readonly cookie: SessionCookie,
  ) {
    const chosen = chooseStrategies(types, strategies);
    this.#takesTokens = takesTokens(chosen);
    this.#readsOurCookieOnly = chosen.every((strategy) => Object.values(STRATEGIES).includes(strategy));
  }

  /** With a strategy of an application's own, which may read any cookie, false for a request that has one. */
  isOnlyCredentialOf(request: Request): boolean {
    const { authorization = '', cookie } = request.headers;
    if (!this.#takesTokens || !BEARER.test(authorization)) return false;
    return this.#readsOurCookieOnly ? this.cookie.read(request) === null : cookie === undefined;
  }
}
