import type { Request } from 'express';
import { type Session, TRANSPORTS, type Transport } from '../../sessions/session.js';
import type { User } from '../../users/user.js';
import {
  ANONYMOUS,
  Auth,
  type AuthResult,
  type HttpExchange,
  type IssuedSession,
  type SessionEnds,
  type SignInOptions,
} from '../auth.js';

/** Several strategies as one: the first that is concerned decides, and what it rejects no other rescues. */
export class AuthChain extends Auth {
  readonly challenge: string;

  constructor(private readonly links: readonly Auth[]) {
    super();
    this.challenge = links[0]?.challenge ?? 'Session';
  }

  override get challenges(): readonly string[] {
    const challenges = new Set(this.links.flatMap((link) => link.challenges));
    return challenges.size > 0 ? [...challenges] : [this.challenge];
  }

  override get transports(): readonly Transport[] {
    return TRANSPORTS.filter((transport) => this.links.some((link) => link.transports.includes(transport)));
  }

  async authenticate(request: Request): Promise<AuthResult> {
    for (const link of this.links) {
      const result = await link.authenticate(request);
      if (result.outcome !== 'anonymous') return { ...result, challenge: result.challenge ?? link.challenge };
    }
    return ANONYMOUS;
  }

  override tokenOwner(request: Request): Promise<string | null> {
    return this.#first((link) => link.tokenOwner(request));
  }

  override signIn(
    user: User,
    exchange: HttpExchange,
    signInOptions?: SignInOptions,
  ): Promise<IssuedSession | null> {
    return this.#first((link) => link.signIn(user, exchange, signInOptions));
  }

  override renew(exchange: HttpExchange): Promise<IssuedSession | null> {
    return this.#first((link) => link.renew(exchange));
  }

  override async signOut(exchange: HttpExchange): Promise<boolean> {
    const isOut = await this.#first(async (link) => (await link.signOut(exchange)) || null);
    return isOut ?? false;
  }

  override endsOf(session: Session): SessionEnds | null {
    for (const link of this.links) {
      const ends = link.endsOf(session);
      if (ends) return ends;
    }
    return null;
  }

  /** What the first link answers that has an answer, asked one after another. */
  async #first<T>(ask: (link: Auth) => Promise<T | null>): Promise<T | null> {
    for (const link of this.links) {
      const answer = await ask(link);
      if (answer !== null) return answer;
    }
    return null;
  }
}
