import { ANONYMOUS, Auth, type AuthResult, type Principal } from '../auth.js';
import type { AuthRequest } from '../auth-request.js';

/** Several strategies in order: the first one whose credential is present decides, also if it rejects the request. */
export class AuthChain extends Auth {
  constructor(readonly strategies: readonly Auth[]) {
    super();
  }

  /** The challenges of all strategies. */
  get challenges(): readonly string[] {
    return this.#challengesWith(null, []);
  }

  async authenticate(request: AuthRequest): Promise<AuthResult> {
    for (const strategy of this.strategies) {
      const result = await strategy.authenticate(request);
      if (result.outcome === 'anonymous') continue;
      if (result.outcome === 'authenticated' || !result.challenges) return result;
      return { ...result, challenges: this.#challengesWith(strategy, result.challenges) };
    }
    return ANONYMOUS;
  }

  override recheck(principal: Principal<object>, isUse: boolean): Promise<AuthResult> | null {
    for (const strategy of this.strategies) {
      const result = strategy.recheck(principal, isUse);
      if (result) return result;
    }
    return null;
  }

  /** Those of all strategies, with the given ones for one of them. */
  #challengesWith(one: Auth | null, given: readonly string[]): readonly string[] {
    const all = this.strategies.flatMap((strategy) => (strategy === one ? given : strategy.challenges));
    return [...new Set(all)];
  }
}
