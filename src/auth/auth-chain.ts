import type { Request } from 'express';
import type { Session } from '../sessions/session.js';
import type { User } from '../users/user.js';
import { ANONYMOUS, Auth, type AuthResult, type Exchange } from './auth.js';

/** Several schemes as one: the first that is concerned decides, and what it rejects no other rescues. */
export class AuthChain extends Auth {
  readonly challenge: string;

  constructor(private readonly links: readonly Auth[]) {
    super();
    this.challenge = links[0]?.challenge ?? 'Session';
  }

  async authenticate(request: Request): Promise<AuthResult> {
    for (const link of this.links) {
      const result = await link.authenticate(request);
      if (result.outcome !== 'anonymous') return result;
    }
    return ANONYMOUS;
  }

  override async holder(request: Request): Promise<string | null> {
    for (const link of this.links) {
      const holder = await link.holder(request);
      if (holder !== null) return holder;
    }
    return null;
  }

  override async signIn(user: User, exchange: Exchange): Promise<Session | null> {
    for (const link of this.links) {
      const session = await link.signIn(user, exchange);
      if (session) return session;
    }
    return null;
  }

  override async signOut(exchange: Exchange): Promise<boolean> {
    for (const link of this.links) {
      if (await link.signOut(exchange)) return true;
    }
    return false;
  }
}
