import type { FactoryProvider, Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { OptionsError } from '../common/options.js';
import { Auth } from './auth.js';
import { AuthChain } from './strategies/auth-chain.js';
import { AuthOptions } from './auth-options.js';
import { SEVERAL_COOKIES, type TRANSPORTS } from './auth-rules.js';
import { BasicAuth } from './strategies/basic.auth.js';
import { SessionAuth } from './strategies/session.auth.js';
import { SessionDbAuth } from './strategies/session-db.auth.js';
import { SessionExpAuth } from './strategies/session-exp.auth.js';
import { TokenAuth } from './strategies/token.auth.js';

/** The built-in strategies by their names in `AUTH_TYPE`. */
export const STRATEGIES: Readonly<Record<keyof typeof TRANSPORTS, Type<Auth>>> = {
  basic_auth: BasicAuth,
  session_auth: SessionAuth,
  session_exp_auth: SessionExpAuth,
  session_db_auth: SessionDbAuth,
  token_auth: TokenAuth,
};

/** Creates only the configured strategies, with their dependencies. */
export const authProvider: FactoryProvider<Auth> = {
  provide: Auth,
  inject: [ModuleRef, AuthOptions],
  useFactory: async (moduleRef: ModuleRef, { types, strategies }: AuthOptions) => {
    const chosen = chooseStrategies(types, strategies);
    const links = await Promise.all(chosen.map((strategy) => moduleRef.create<Auth>(strategy)));
    return links.length === 1 && links[0] ? links[0] : new AuthChain(links);
  },
};

/** The classes that `types` names. Throws an `OptionsError` if more than one of them uses the cookie. */
export function chooseStrategies(types: readonly string[], custom: AuthOptions['strategies']): Type<Auth>[] {
  const known = new Map(Object.entries<Type<Auth>>({ ...STRATEGIES, ...custom }));
  const chosen = types.flatMap((type) => known.get(type) ?? []);
  const withCookie = chosen.filter((strategy) => isA(strategy, SessionAuth) && !isA(strategy, TokenAuth));
  if (withCookie.length > 1) throw new OptionsError('AuthOptions', [`type: ${SEVERAL_COOKIES}`]);
  return chosen;
}

/** Whether one of these strategies has sessions, and so a sign-in. If none has, each request carries the password. */
export function remembersUsers(strategies: readonly Type<Auth>[]): boolean {
  return strategies.some((strategy) => isA(strategy, SessionAuth));
}

/** The strategies with sessions among those of the application, in their order. */
export function sessionStrategiesOf(auth: Auth): readonly SessionAuth[] {
  const all = auth instanceof AuthChain ? auth.strategies : [auth];
  return all.filter((strategy) => strategy instanceof SessionAuth);
}

/** Whether one of these strategies accepts bearer tokens. */
export function takesTokens(strategies: readonly Type<Auth>[]): boolean {
  return strategies.some((strategy) => isA(strategy, TokenAuth));
}

/** Whether a strategy is this class or a subclass of it. */
export function isA(strategy: Type<Auth>, base: Type<Auth>): boolean {
  return strategy === base || strategy.prototype instanceof base;
}
