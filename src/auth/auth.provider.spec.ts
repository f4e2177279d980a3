import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { anExchange } from '../../test/support/exchange.js';
import { aUser } from '../testing/samples.js';
import { ANONYMOUS, Auth, type AuthResult } from './auth.js';
import type { AuthRequest } from './auth-request.js';
import { authRequestOf } from './exchange/exchange.js';
import { AuthChain } from './strategies/auth-chain.js';
import { AuthOptions } from './auth-options.js';
import { authProvider, chooseStrategies, remembersUsers } from './auth.provider.js';
import { BasicAuth } from './strategies/basic.auth.js';
import { SessionAuth } from './strategies/session.auth.js';
import { SessionDbAuth } from './strategies/session-db.auth.js';
import { SessionExpAuth } from './strategies/session-exp.auth.js';
import { TokenAuth } from './strategies/token.auth.js';

@Injectable()
class Keys {
  readonly user = aUser();
}

/** Authenticates requests with the right key. */
@Injectable()
class KeyAuth extends Auth {
  readonly challenges = ['Key'];

  constructor(private readonly keys: Keys) {
    super();
  }

  async authenticate({ headers }: AuthRequest): Promise<AuthResult> {
    if (headers['x-key'] !== 'right') return ANONYMOUS;
    return { outcome: 'authenticated', principal: { user: this.keys.user, session: null } };
  }
}

class NobodyAuth extends Auth {
  readonly challenges = ['Nobody'];

  authenticate(): Promise<AuthResult> {
    return Promise.resolve(ANONYMOUS);
  }
}

const strategies = { key: KeyAuth, nobody: NobodyAuth };

async function provide(type: string | string[]): Promise<Auth> {
  const options = { provide: AuthOptions, useValue: new AuthOptions({ type, strategies }) };
  const module = await Test.createTestingModule({ providers: [authProvider, options, Keys] }).compile();
  return module.get(Auth);
}

describe('The configured strategies', () => {
  it('provide a single strategy as Auth, with its dependencies', async () => {
    const auth = await provide('key');
    expect(auth).toBeInstanceOf(KeyAuth);
    expect(await auth.authenticate(authRequestOf(anExchange({ 'x-key': 'right' }).request))).toMatchObject({
      outcome: 'authenticated',
    });
  });

  it('provide several strategies as a chain, in their order', async () => {
    const auth = await provide(['nobody', 'key']);
    expect(auth).toBeInstanceOf(AuthChain);
    expect(auth.challenges).toEqual(['Nobody', 'Key']);
    expect(await auth.authenticate(authRequestOf(anExchange({ 'x-key': 'right' }).request))).toMatchObject({
      outcome: 'authenticated',
    });
  });

  it('can be built-in or custom, and a custom one can replace a built-in one', () => {
    expect(
      ['basic_auth', 'session_auth', 'session_exp_auth', 'session_db_auth', 'token_auth', 'key'].flatMap(
        (type) => chooseStrategies([type], strategies),
      ),
    ).toEqual([BasicAuth, SessionAuth, SessionExpAuth, SessionDbAuth, TokenAuth, KeyAuth]);
    expect(chooseStrategies(['basic_auth'], { basic_auth: KeyAuth })).toEqual([KeyAuth]);
  });

  it.each(['basic', '', 'constructor', '__proto__'])(
    'refuse the name %j and list the known names',
    (type) => {
      expect(() => new AuthOptions({ type, strategies })).toThrow(
        'type: each value must be one of the following values: basic_auth, session_auth, session_exp_auth, session_db_auth, token_auth, key, nobody',
      );
    },
  );

  it('include at most one that uses the session cookie, also among custom ones', () => {
    class OwnAuth extends SessionAuth {}
    expect(() => chooseStrategies(['session_auth', 'own'], { own: OwnAuth })).toThrow(
      'type: must name at most one strategy with cookies, as they would share one cookie',
    );
    expect(chooseStrategies(['own', 'token_auth'], { own: OwnAuth })).toEqual([OwnAuth, TokenAuth]);
  });

  it('have a sign-in if one of them has', () => {
    expect(remembersUsers([BasicAuth])).toBe(false);
    expect(remembersUsers([SessionAuth])).toBe(true);
    expect(remembersUsers([SessionDbAuth, BasicAuth])).toBe(true);
    expect(remembersUsers([KeyAuth, BasicAuth])).toBe(false);
  });
});
