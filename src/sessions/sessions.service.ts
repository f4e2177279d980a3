import { Injectable, Logger, Optional } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import { Clock, NEVER, isFromWrongClock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import type { ClientFacts, EndReason, Session, StoredSession } from './session.js';
import type { SessionLifetime } from './session-lifetime.js';
import {
  ALL_SESSIONS,
  type Proof,
  type SessionLimit,
  type SessionQuery,
  SessionStore,
} from './session-store.js';
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
  | {
      readonly outcome: 'dead';
      readonly reason: DeadReason;
      /** Since when; null where that is not known, or for nobody to know. */
      readonly at: Date | null;
    };

/** How a new session differs from the default. */
export type SessionTerms = Partial<Pick<Session, 'kind' | 'transport' | 'scope' | 'label' | 'expiresAt'>>;

interface Holder {
  readonly id: string;
  readonly credentialVersion: number;
}

/** Finds a live session by its id; a store's own `find`, or one that finds more with it. */
export type FindSession = (id: string, now: Date) => Promise<StoredSession | null>;

const UNKNOWN: Resumption = { outcome: 'dead', reason: 'unknown', at: null };

@Injectable()
export class SessionsService {
  readonly #logger = new Logger('Sessions');
  #hasWarned = false;

  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly options: SessionsOptions,
    @Optional() private readonly trail?: AuditTrail,
  ) {}

  /** Whether sessions outlive this process. */
  get durable(): boolean {
    return this.store.durable;
  }

  /**
   * Opens a session for a user; `session_limit_reached`, or for an access token `access_token_limit_reached`, where the
   * limit refuses one more. The end of an access token is the one in `terms`.
   */
  async open(
    user: Holder,
    client: ClientFacts,
    lifetime: SessionLifetime,
    by: Initiator = PROGRAM,
    terms: SessionTerms = {},
  ): Promise<OpenedSession> {
    const now = this.clock.now();
    const token = SessionToken.issue(now, user.id);
    const draft: StoredSession = {
      id: token.id,
      userId: user.id,
      kind: 'session',
      transport: 'cookie',
      scope: 'write',
      label: null,
      credentialVersion: user.credentialVersion,
      createdAt: now,
      authenticatedAt: now,
      lastSeenAt: now,
      expiresAt: NEVER,
      client,
      secretHash: token.secretHash,
      ...terms,
    };
    const session = { ...draft, expiresAt: lifetime.deadline(draft) };
    const result = await this.store.insert(session, this.#limitOf(session));
    if (result.outcome === 'refused') {
      if (session.kind === 'access_token') throw new DomainError('access_token_limit_reached');
      const details = { reason: 'session_limit_reached' } as const;
      await this.trail?.record({ type: 'sign_in_failed', subjectId: user.id, details }, by);
      throw new DomainError('session_limit_reached');
    }
    await this.#tellEnded(user.id, result.evicted, 'evicted', by);
    const { id: sessionId, kind, transport } = session;
    const details = { kind, transport };
    await this.trail?.record({ type: 'session_opened', subjectId: user.id, sessionId, details }, by);
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
    if (isFromWrongClock(found.lastSeenAt, now)) return this.#refuseWrongClock();
    if (lifetime.deadline(found) <= now) return expired(found, lifetime);
    return this.#noteUse(found, lifetime, now);
  }

  /** The user whose session a token stands for, or did until a day ago; null to who does not hold the whole of it. */
  async tokenOwner(text: string): Promise<string | null> {
    const token = SessionToken.parse(text);
    if (!token) return null;
    const now = this.clock.now();
    const session =
      (await this.store.find(token.id, now)) ?? (await this.store.endingOf(token.id, now))?.session;
    return session && token.matches(session.secretHash) ? session.userId : null;
  }

  /** Replaces the secret of a live session and makes the old one invalid. Of two racing callers one gets the new one. */
  async rotate(text: string, by: Initiator = PROGRAM): Promise<SessionToken | null> {
    return (await this.#rotate(text, by, () => undefined))?.token ?? null;
  }

  /** As `rotate`, after the user confirmed the password: all time limits start again. */
  async renew(
    text: string,
    lifetime: SessionLifetime,
    by: Initiator = PROGRAM,
  ): Promise<OpenedSession | null> {
    return this.#rotate(text, by, (session, now) => ({
      authenticatedAt: now,
      expiresAt: lifetime.deadline({ ...session, authenticatedAt: now, lastSeenAt: now }),
    }));
  }

  /** The live sessions of a user that their present credential opened, newest first: all of them, or a page. */
  async list(
    { id, credentialVersion }: Holder,
    page: Partial<Omit<SessionQuery, 'credentialVersion'>> = {},
  ): Promise<Session[]> {
    const query = { ...ALL_SESSIONS, ...page, credentialVersion };
    return (await this.store.findByUser(id, this.clock.now(), query)).map(withoutSecret);
  }

  /** The live session of a user by id; null if there is none, or if it belongs to another user. */
  async find(user: Holder, id: string): Promise<Session | null> {
    const session = await this.store.find(id, this.clock.now());
    return session && isOf(session, user) ? withoutSecret(session) : null;
  }

  /** Sets or removes the name of a session; null if the session has ended. */
  async rename(session: Session, label: string | null, by: Initiator = PROGRAM): Promise<Session | null> {
    if (!(await this.store.rename(session.id, label, this.clock.now()))) return null;
    const { userId: subjectId, id: sessionId } = session;
    await this.trail?.record({ type: 'session_renamed', subjectId, sessionId }, by);
    return { ...session, label };
  }

  /** Ends a session; true if this call did it. */
  async end(id: string, reason: EndReason, by: Initiator = PROGRAM): Promise<boolean> {
    const now = this.clock.now();
    const found = await this.store.find(id, now);
    return found !== null && this.#end(found, reason, now, by);
  }

  /** Ends the session that a token stands for, if it is one of those that are meant; true if this call did it. */
  async close(
    text: string,
    by: Initiator = PROGRAM,
    isMeant: (session: Session) => boolean = () => true,
  ): Promise<boolean> {
    const token = SessionToken.parse(text);
    if (!token) return false;
    const now = this.clock.now();
    const found = await this.store.find(token.id, now);
    if (!found || !token.matches(found.secretHash) || !isMeant(found)) return false;
    return this.#end(found, 'signed_out', now, by);
  }

  /** Ends all sessions of a user except one and returns their number. */
  async endAll(
    userId: string,
    reason: EndReason,
    exceptId?: string,
    by: Initiator = PROGRAM,
  ): Promise<number> {
    const ended = await this.store.endAll(userId, reason, this.clock.now(), exceptId);
    await this.#tellEnded(userId, ended, reason, by);
    return ended.length;
  }

  #limitOf({ kind }: Session): SessionLimit | undefined {
    if (kind === 'access_token') return { max: this.options.maxAccessTokens, policy: 'refuse' };
    return this.options.limit ?? undefined;
  }

  async #end(session: Session, reason: EndReason, now: Date, by: Initiator): Promise<boolean> {
    if (!(await this.store.end(session.id, reason, now))) return false;
    await this.#tellEnded(session.userId, [session.id], reason, by);
    return true;
  }

  async #tellEnded(
    subjectId: string,
    ids: readonly string[],
    reason: EndReason,
    by: Initiator,
  ): Promise<void> {
    const { trail } = this;
    if (!trail) return;
    const type = 'session_ended';
    await Promise.all(
      ids.map((sessionId) => trail.record({ type, subjectId, sessionId, details: { reason } }, by)),
    );
  }

  async #rotate(
    text: string,
    by: Initiator,
    proofOf: (session: Session, now: Date) => Proof | undefined,
  ): Promise<OpenedSession | null> {
    const token = SessionToken.parse(text);
    if (!token) return null;
    const now = this.clock.now();
    const found = await this.store.find(token.id, now);
    if (!found) return null;
    const next = SessionToken.reissue(token.id);
    const proof = proofOf(found, now);
    if (!(await this.store.rotate(token.id, token.secretHash, next.secretHash, now, proof))) return null;
    const { userId: subjectId, id: sessionId } = found;
    await this.trail?.record({ type: 'session_rotated', subjectId, sessionId }, by);
    return { token: next, session: { ...withoutSecret(found), lastSeenAt: now, ...proof } };
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
    if (ending.reason === 'expired') return expired(ending.session, lifetime);
    return {
      outcome: 'dead',
      reason: ending.reason,
      at: isFromWrongClock(ending.at, now) ? null : ending.at,
    };
  }

  /** A session that begins, or was last used, in the future would outlive its limits. */
  #refuseWrongClock(): Resumption {
    if (!this.#hasWarned)
      this.#logger.warn(
        'A session has a time in the future and was refused. Synchronise the clocks of all machines (NTP).',
      );
    this.#hasWarned = true;
    return UNKNOWN;
  }
}

/** By the limit that was nearer, as it is stored or as the policy has it by now. */
function expired(session: Session, lifetime: SessionLifetime): Resumption {
  const at = lifetime.endOf(session);
  return { outcome: 'dead', reason: at < lifetime.limit(session) ? 'expired_idle' : 'expired_absolute', at };
}

/** Whether a session was opened by a user's present credential. */
function isOf({ userId, credentialVersion }: Session, user: Holder): boolean {
  return userId === user.id && credentialVersion === user.credentialVersion;
}

function withoutSecret({ secretHash: _, ...session }: StoredSession): Session {
  return session;
}
