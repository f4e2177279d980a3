import type { FactoryProvider, Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Auth } from './auth.js';
import { AuthChain } from './strategies/auth-chain.js';
import { AuthOptions } from './auth-options.js';
import { BasicAuth } from './strategies/basic.auth.js';
import { SessionAuth } from './strategies/session.auth.js';
import { SessionDbAuth } from './strategies/session-db.auth.js';
import { SessionExpAuth } from './strategies/session-exp.auth.js';
import { TokenAuth } from './strategies/token.auth.js';

/** The schemes that come with the house, by the word that `AUTH_TYPE` names them with. */
export const SCHEMES: Readonly<Record<string, Type<Auth>>> = {
  basic_auth: BasicAuth,
  session_auth: SessionAuth,
  session_exp_auth: SessionExpAuth,
  session_db_auth: SessionDbAuth,
  token_auth: TokenAuth,
};

/** Builds the chosen schemes and no other, each with whatever it injects. */
export const authProvider: FactoryProvider<Auth> = {
  provide: Auth,
  inject: [ModuleRef, AuthOptions],
  useFactory: async (moduleRef: ModuleRef, { types, schemes }: AuthOptions) => {
    const chosen = chooseSchemes(types, schemes);
    const links = await Promise.all(chosen.map((scheme) => moduleRef.create<Auth>(scheme)));
    return links.length === 1 && links[0] ? links[0] : new AuthChain(links);
  },
};

/** The classes behind the words; an error that lists the known words for an unknown one. */
export function chooseSchemes(types: readonly string[], foreign: AuthOptions['schemes']): Type<Auth>[] {
  const known = new Map(Object.entries({ ...SCHEMES, ...foreign }));
  return types.map((type) => {
    const scheme = known.get(type);
    if (!scheme) throw new Error(`Unknown auth type "${type}". Known: ${[...known.keys()].join(', ')}.`);
    return scheme;
  });
}

/** Whether users of these schemes sign in and out, or prove themselves on each request. */
export function remembersUsers(schemes: readonly Type<Auth>[]): boolean {
  return schemes.some((scheme) => (scheme.prototype as Auth).signIn !== Auth.prototype.signIn);
}

/** Whether one of these schemes takes bearer tokens, of which people may have some made. */
export function takesTokens(schemes: readonly Type<Auth>[]): boolean {
  return schemes.some((scheme) => isA(scheme, TokenAuth));
}

/** Whether a scheme is a class or descends from it. */
export function isA(scheme: Type<Auth>, base: Type<Auth>): boolean {
  return scheme === base || scheme.prototype instanceof base;
}
