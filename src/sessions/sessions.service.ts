import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import type { ClientFacts, EndReason, Session, StoredSession } from './session.js';
import type { SessionLifetime } from './session-lifetime.js';
import { SessionStore } from './session-store.js';
import { SessionToken } from './session-token.js';
import { SessionsOptions } from './sessions-options.js';

export interface OpenedSession {
  readonly token: SessionToken;
  readonly session: Session;
}

/** Why a presented token is no good; `unknown` to whoever does not hold the whole of it. */
export type DeadReason = EndReason | 'expired_idle' | 'expired_absolute' | 'unknown';

export type Resumption =
  | { readonly outcome: 'live'; readonly session: Session }
  | { readonly outcome: 'dead'; readonly reason: DeadReason };

/** Finds a live session by its id; a store's own `find`, or one that finds more with it. */
export type FindSession = (id: string, now: Date) => Promise<StoredSession | null>;

const UNKNOWN: Resumption = { outcome: 'dead', reason: 'unknown' };

@Injectable()
export class SessionsService {
  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly options: SessionsOptions,
  ) {}

  /** Whether sessions outlive this process. */
  get durable(): boolean {
    return this.store.durable;
  }

  /** Opens a session for a user; `session_limit_reached` where the limit refuses one more. */
  async open(
    user: { readonly id: string; readonly credentialVersion: number },
    client: ClientFacts,
    lifetime: SessionLifetime,
  ): Promise<OpenedSession> {
    const now = this.clock.now();
    const token = SessionToken.issue(now, user.id);
    const times = { createdAt: now, authenticatedAt: now, lastSeenAt: now };
    const session: StoredSession = {
      id: token.id,
      userId: user.id,
      credentialVersion: user.credentialVersion,
      ...times,
      expiresAt: lifetime.deadline(times),
      client,
      secretHash: token.secretHash,
    };
    const result = await this.store.insert(session, this.options.limit ?? undefined);
    if (result.outcome === 'refused') throw new DomainError('session_limit_reached');
    return { token, session: withoutSecret(session) };
  }

  /** The live session that a token stands for, noted as used, or why there is none. */
  async resume(
    text: string,
    lifetime: SessionLifetime,
    find: FindSession = (id, now) => this.store.find(id, now),
  ): Promise<Resumption> {
    const token = SessionToken.parse(text);
    if (!token) return UNKNOWN;
    const now = this.clock.now();
    const found = await find(token.id, now);
    if (!found) return this.#explain(token, lifetime, now);
    if (!token.matches(found.secretHash)) return UNKNOWN;
    if (lifetime.deadline(found) <= now) return expired(found, lifetime, now);
    return this.#noteUse(found, lifetime, now);
  }

  /** The user whose session a token stands for, or did until a day ago; null to whoever does not hold the whole of it. */
  async holder(text: string): Promise<string | null> {
    const token = SessionToken.parse(text);
    if (!token) return null;
    const now = this.clock.now();
    const session =
      (await this.store.find(token.id, now)) ?? (await this.store.endingOf(token.id, now))?.session;
    return session && token.matches(session.secretHash) ? session.userId : null;
  }

  /** Gives the live session of a token a new secret, the old one being worthless; of two racing holders one gets it. */
  async rotate(text: string): Promise<SessionToken | null> {
    const token = SessionToken.parse(text);
    if (!token) return null;
    const next = SessionToken.reissue(token.id);
    const isRotated = await this.store.rotate(token.id, token.secretHash, next.secretHash, this.clock.now());
    return isRotated ? next : null;
  }

  /** The live sessions of a user that their present credential opened, newest first. */
  async list(user: { readonly id: string; readonly credentialVersion: number }): Promise<Session[]> {
    const sessions = await this.store.findByUser(user.id, this.clock.now());
    return sessions
      .filter((session) => session.credentialVersion === user.credentialVersion)
      .map(withoutSecret);
  }

  /** Ends a session; true if this call did it. */
  end(id: string, reason: EndReason): Promise<boolean> {
    return this.store.end(id, reason, this.clock.now());
  }

  /** Ends the session that a token stands for; true if this call did it. */
  async close(text: string): Promise<boolean> {
    const token = SessionToken.parse(text);
    if (!token) return false;
    const now = this.clock.now();
    const found = await this.store.find(token.id, now);
    if (!found || !token.matches(found.secretHash)) return false;
    return this.store.end(found.id, 'signed_out', now);
  }

  /** Ends all sessions of a user but one, and says how many. */
  async endAll(userId: string, reason: EndReason, exceptId?: string): Promise<number> {
    return (await this.store.endAll(userId, reason, this.clock.now(), exceptId)).length;
  }

  async #noteUse(found: StoredSession, lifetime: SessionLifetime, now: Date): Promise<Resumption> {
    const session = withoutSecret(found);
    if (!lifetime.isTouchDue(session, now)) return { outcome: 'live', session };
    const seen = { ...session, lastSeenAt: now };
    const touched = { ...seen, expiresAt: lifetime.deadline(seen) };
    await this.store.touch(touched.id, now, touched.expiresAt);
    return { outcome: 'live', session: touched };
  }

  async #explain(token: SessionToken, lifetime: SessionLifetime, now: Date): Promise<Resumption> {
    const ending = await this.store.endingOf(token.id, now);
    if (!ending || !token.matches(ending.session.secretHash)) return UNKNOWN;
    if (ending.reason === 'expired') return expired(ending.session, lifetime, now);
    return { outcome: 'dead', reason: ending.reason };
  }
}

function expired(session: Session, lifetime: SessionLifetime, now: Date): Resumption {
  const isOverLimit = lifetime.limit(session) <= now;
  return { outcome: 'dead', reason: isOverLimit ? 'expired_absolute' : 'expired_idle' };
}

function withoutSecret({ secretHash: _, ...session }: StoredSession): Session {
  return session;
}
