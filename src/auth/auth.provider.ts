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

/** The built-in strategies, by the word that `AUTH_TYPE` names them with. */
export const STRATEGIES: Readonly<Record<keyof typeof TRANSPORTS, Type<Auth>>> = {
  basic_auth: BasicAuth,
  session_auth: SessionAuth,
  session_exp_auth: SessionExpAuth,
  session_db_auth: SessionDbAuth,
  token_auth: TokenAuth,
};

/** Builds the chosen strategies and no other, each with whatever it injects. */
export const authProvider: FactoryProvider<Auth> = {
  provide: Auth,
  inject: [ModuleRef, AuthOptions],
  useFactory: async (moduleRef: ModuleRef, { types, strategies }: AuthOptions) => {
    const chosen = chooseStrategies(types, strategies);
    const links = await Promise.all(chosen.map((strategy) => moduleRef.create<Auth>(strategy)));
    return links.length === 1 && links[0] ? links[0] : new AuthChain(links);
  },
};

/** The classes behind the words of `type`. At most one of them may use the cookie. */
export function chooseStrategies(types: readonly string[], foreign: AuthOptions['strategies']): Type<Auth>[] {
  const known = new Map(Object.entries<Type<Auth>>({ ...STRATEGIES, ...foreign }));
  const chosen = types.flatMap((type) => known.get(type) ?? []);
  const withCookie = chosen.filter((strategy) => isA(strategy, SessionAuth) && !isA(strategy, TokenAuth));
  if (withCookie.length > 1) throw new OptionsError('AuthOptions', [`type: ${SEVERAL_COOKIES}`]);
  return chosen;
}

/** Whether users of these strategies sign in and out, or prove themselves on each request. */
export function remembersUsers(strategies: readonly Type<Auth>[]): boolean {
  return strategies.some((strategy) => (strategy.prototype as Auth).signIn !== Auth.prototype.signIn);
}

/** Whether one of these strategies takes bearer tokens, of which people may have some made. */
export function takesTokens(strategies: readonly Type<Auth>[]): boolean {
  return strategies.some((strategy) => isA(strategy, TokenAuth));
}

/** Whether a strategy is a class or descends from it. */
export function isA(strategy: Type<Auth>, base: Type<Auth>): boolean {
  return strategy === base || strategy.prototype instanceof base;
}
