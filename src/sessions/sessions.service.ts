import { Injectable, Logger, Optional } from '@nestjs/common';
import type { AuditFacts } from '../audit/audit-event.js';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import { SecurityEvents } from '../audit/security-events.js';
import { Clock, NEVER, isFromWrongClock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { checkNeeds } from '../common/needs.js';
import type { ENDINGS, EndReason } from './endings.js';
import type { ClientFacts, Session, SessionOwner, SessionState, StoredSession } from './session.js';
import type { ProofKind, Proofs } from './proofs.js';
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

/** Why a presented token is invalid. Always `unknown` if its secret does not match. */
export type DeadReason = keyof typeof ENDINGS | 'unknown';

export type Resumption =
  | { readonly outcome: 'live'; readonly session: Session }
  | {
      readonly outcome: 'dead';
      readonly reason: DeadReason;
      /** When the session ended; null if the reason is `unknown` or the time is not reliable. */
      readonly at: Date | null;
    };

/** How a new session differs from the default. */
export type SessionTerms = Partial<Pick<Session, 'kind' | 'transport' | 'scope' | 'label' | 'expiresAt'>> & {
  /** How the person has just shown who they are; in a way of the application if it is left out. */
  readonly provedBy?: ProofKind;
  /** The proofs that were given before. Of an access token they are the only ones. */
  readonly earlier?: Proofs;
};

/** Finds a session by its id: `stateOf` of the store, or a function that also loads the user. */
export type FindSession = (id: string, now: Date) => Promise<SessionState | null>;

/** How a step is part of a larger act, such as a sign-in. */
export interface SessionAct {
  /** The security event of the whole act, instead of the usual one of the step. */
  readonly event?: (session: Session) => AuditFacts;
  /** The live session of the token, if the caller has just found it. */
  readonly session?: Session;
  /** The proof that renews a session; the password if it is left out. */
  readonly provedBy?: ProofKind;
  /** The session that a new one replaces. */
  readonly replaced?: Session | null;
}

const UNKNOWN: Resumption = { outcome: 'dead', reason: 'unknown', at: null };

@Injectable()
export class SessionsService {
  readonly #logger = new Logger('Sessions');
  #hasWarned = false;

  constructor(
    @Optional() private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly options: SessionsOptions,
    @Optional() private readonly events?: SecurityEvents,
  ) {
    checkNeeds('SessionsModule', { SessionStore: store });
  }

  /** Whether sessions survive a restart. */
  get durable(): boolean {
    return this.store.durable;
  }

  /**
   * Opens a session for a user. Throws `session_limit_reached`, or `access_token_limit_reached` for an access token, if
   * the limit refuses it. The expiry of an access token is `terms.expiresAt`.
   */
  async open(
    user: SessionOwner,
    client: ClientFacts,
    lifetime: SessionLifetime,
    by: Initiator = PROGRAM,
    { provedBy = 'application', earlier = {}, ...terms }: SessionTerms = {},
    { event = openedEvent, replaced = null }: Omit<SessionAct, 'session'> = {},
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
      proofs: terms.kind === 'access_token' ? earlier : { ...earlier, [provedBy]: now },
      lastSeenAt: now,
      expiresAt: NEVER,
      client,
      secretHash: token.secretHash,
      ...terms,
    };
    const stored = { ...draft, expiresAt: lifetime.deadline(draft) };
    const session = withoutSecret(stored);
    const result = await this.store.insert(stored, this.#limitOf(session), replaced?.id);
    const left = replaced ? [endedEvent(replaced.userId, replaced.id, 'signed_out')] : [];
    if (result.outcome === 'refused') {
      await this.events?.emit([...left, ...refusedEvents(session)], by);
      const isToken = session.kind === 'access_token';
      throw new DomainError(isToken ? 'access_token_limit_reached' : 'session_limit_reached');
    }
    const evicted = result.evicted.map((id) => endedEvent(user.id, id, 'evicted'));
    await this.events?.emit([...left, ...evicted, event(session)], by);
    return { token, session };
  }

  /** The live session of a token, or the reason why the token is invalid. Records the use if that is due. */
  async resume(
    text: string,
    lifetime: SessionLifetime,
    find: FindSession = (id, now) => this.store.stateOf(id, now),
  ): Promise<Resumption> {
    const token = SessionToken.parse(text);
    if (!token) return UNKNOWN;
    const now = this.clock.now();
    const state = await find(token.id, now);
    if (!state || !token.matches(state.session.secretHash)) return UNKNOWN;
    return this.#judge(state, lifetime, now, true);
  }

  /**
   * The same as `resume` for a session that was let in before, whose token may have been replaced since. Records no use if
   * `isUse` is false.
   */
  async revisit(
    id: string,
    lifetime: SessionLifetime,
    isUse: boolean,
    find: FindSession = (id, now) => this.store.stateOf(id, now),
  ): Promise<Resumption> {
    const now = this.clock.now();
    const state = await find(id, now);
    return state ? this.#judge(state, lifetime, now, isUse) : UNKNOWN;
  }

  /** The session that a token was issued for, also for a day after it ended; null if the secret does not match. */
  async sessionOf(text: string): Promise<{ readonly session: Session; readonly isLive: boolean } | null> {
    const token = SessionToken.parse(text);
    const state = token && (await this.store.stateOf(token.id, this.clock.now()));
    if (!state || !token.matches(state.session.secretHash)) return null;
    return { session: withoutSecret(state.session), isLive: state.ending === null };
  }

  /** Replaces the secret of a live session. Null if the token is invalid. Of two racing callers, one gets a new token. */
  async rotate(text: string, by: Initiator = PROGRAM): Promise<SessionToken | null> {
    return (await this.#rotate(text, by, () => undefined))?.token ?? null;
  }

  /** The same as `rotate` after the user has shown who they are again: all time limits start again. */
  async renew(
    text: string,
    lifetime: SessionLifetime,
    by: Initiator = PROGRAM,
    act: Omit<SessionAct, 'replaced'> = {},
  ): Promise<OpenedSession | null> {
    const proofOf = (session: Session, now: Date) => ({
      authenticatedAt: now,
      proofs:
        session.kind === 'access_token'
          ? session.proofs
          : { ...session.proofs, [act.provedBy ?? 'password']: now },
      expiresAt: lifetime.deadline({ ...session, authenticatedAt: now, lastSeenAt: now }),
    });
    return this.#rotate(text, by, proofOf, act);
  }

  /** The live sessions of a user with the current credential version, newest first: all, or a page. */
  async list(
    { id, credentialVersion }: SessionOwner,
    page: Partial<Omit<SessionQuery, 'credentialVersion'>> = {},
  ): Promise<Session[]> {
    const query = { ...ALL_SESSIONS, ...page, credentialVersion };
    return (await this.store.findByUser(id, this.clock.now(), query)).map(withoutSecret);
  }

  /** The live session of a user by id; null if there is none, or if it belongs to another user. */
  async find(user: SessionOwner, id: string): Promise<Session | null> {
    const session = await this.store.find(id, this.clock.now());
    return session && isOf(session, user) ? withoutSecret(session) : null;
  }

  /** Sets or removes the name of a session; null if the session has ended. */
  async rename(session: Session, label: string | null, by: Initiator = PROGRAM): Promise<Session | null> {
    if (!(await this.store.rename(session.id, label, this.clock.now()))) return null;
    const { userId: subjectId, id: sessionId } = session;
    await this.events?.emit({ type: 'session_renamed', subjectId, sessionId }, by);
    return { ...session, label };
  }

  /** Ends a session; true if this call did it. */
  async end(session: Session | string, reason: EndReason, by: Initiator = PROGRAM): Promise<boolean> {
    const now = this.clock.now();
    const found = typeof session === 'string' ? await this.store.find(session, now) : session;
    if (!found || !(await this.store.end(found.id, reason, now))) return false;
    await this.events?.emit(endedEvent(found.userId, found.id, reason), by);
    return true;
  }

  /** Ends the session of a token; true if this call did it. */
  async close(text: string, by: Initiator = PROGRAM): Promise<boolean> {
    const found = await this.sessionOf(text);
    return found !== null && found.isLive && this.end(found.session, 'signed_out', by);
  }

  /** Ends all sessions of a user except one and returns their number. */
  async endAll(
    userId: string,
    reason: EndReason,
    exceptId?: string,
    by: Initiator = PROGRAM,
  ): Promise<number> {
    const ended = await this.store.endAll(userId, reason, this.clock.now(), exceptId);
    await this.events?.emit(
      ended.map((id) => endedEvent(userId, id, reason)),
      by,
    );
    return ended.length;
  }

  #judge(
    { session: found, ending }: SessionState,
    lifetime: SessionLifetime,
    now: Date,
    isUse: boolean,
  ): Resumption | Promise<Resumption> {
    if (ending) return explain(found, ending, lifetime, now);
    if (isFromWrongClock(found.lastSeenAt, now)) return this.#refuseWrongClock();
    if (lifetime.deadline(found) <= now) return expired(found, lifetime);
    const session = withoutSecret(found);
    const isDue = isUse && lifetime.isTouchDue(session, now);
    return isDue ? this.#touch(session, lifetime, now) : { outcome: 'live', session };
  }

  #limitOf({ kind }: Session): SessionLimit | undefined {
    if (kind === 'access_token') return { max: this.options.maxAccessTokens, policy: 'refuse' };
    return this.options.limit ?? undefined;
  }

  async #rotate(
    text: string,
    by: Initiator,
    proofOf: (session: Session, now: Date) => Proof | undefined,
    { session, event = rotatedEvent }: Omit<SessionAct, 'replaced'> = {},
  ): Promise<OpenedSession | null> {
    const token = SessionToken.parse(text);
    if (!token) return null;
    const now = this.clock.now();
    const found = session ?? (await this.#find(token.id, now));
    if (found?.id !== token.id) return null;
    const next = SessionToken.reissue(token.id);
    const proof = proofOf(found, now);
    if (!(await this.store.rotate(token.id, token.secretHash, next.secretHash, now, proof))) return null;
    await this.events?.emit(event(found), by);
    return { token: next, session: { ...found, lastSeenAt: now, ...proof } };
  }

  async #find(id: string, now: Date): Promise<Session | null> {
    const found = await this.store.find(id, now);
    return found && withoutSecret(found);
  }

  /** Records a use that is due. */
  async #touch(session: Session, lifetime: SessionLifetime, now: Date): Promise<Resumption> {
    const seen = { ...session, lastSeenAt: now };
    const touched = { ...seen, expiresAt: lifetime.deadline(seen) };
    await this.store.touch(touched.id, now, touched.expiresAt);
    return { outcome: 'live', session: touched };
  }

  /** Refuses a session with a time in the future, because it would outlive its limits. Warns once. */
  #refuseWrongClock(): Resumption {
    if (!this.#hasWarned)
      this.#logger.warn(
        'A session has a time in the future and was refused. Synchronise the clocks of all machines (NTP).',
      );
    this.#hasWarned = true;
    return UNKNOWN;
  }
}

/** The result for a session that has ended. */
function explain(
  session: Session,
  { reason, at }: NonNullable<SessionState['ending']>,
  lifetime: SessionLifetime,
  now: Date,
): Resumption {
  if (reason === 'expired') return expired(session, lifetime);
  return { outcome: 'dead', reason, at: isFromWrongClock(at, now) ? null : at };
}

/** The result for an expired session, with the limit that it reached first. */
function expired(session: Session, lifetime: SessionLifetime): Resumption {
  const at = lifetime.endOf(session);
  return { outcome: 'dead', reason: at < lifetime.limit(session) ? 'expired_idle' : 'expired_absolute', at };
}

/** Whether a session belongs to the user and has the current credential version. */
function isOf({ userId, credentialVersion }: Session, user: SessionOwner): boolean {
  return userId === user.id && credentialVersion === user.credentialVersion;
}

function withoutSecret({ secretHash: _, ...session }: StoredSession): Session {
  return session;
}

function openedEvent({ userId: subjectId, id: sessionId, kind, transport }: Session): AuditFacts {
  return { type: 'session_opened', subjectId, sessionId, details: { kind, transport } };
}

function rotatedEvent({ userId: subjectId, id: sessionId }: Session): AuditFacts {
  return { type: 'session_rotated', subjectId, sessionId };
}

function endedEvent(subjectId: string, sessionId: string, reason: EndReason): AuditFacts {
  return { type: 'session_ended', subjectId, sessionId, details: { reason } };
}

/** The event of a sign-in above the limit of sessions; none for an access token. */
function refusedEvents({ userId: subjectId, kind }: Session): readonly AuditFacts[] {
  if (kind === 'access_token') return [];
  return [{ type: 'sign_in_failed', subjectId, details: { reason: 'session_limit_reached' } }];
}
