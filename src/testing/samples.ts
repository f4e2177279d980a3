import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../audit/audit-event.js';
import { OrderedIds } from '../common/ordered-ids.js';
import type { Clock } from '../common/clock.js';
import type { OutboxMail } from '../mail/outbox-mail.js';
import type { StoredSession } from '../sessions/session.js';
import { SessionToken } from '../sessions/session-token.js';
import { GuessThrottle } from '../throttle/guess-throttle.js';
import { MemoryThrottleStore } from '../throttle/memory.throttle-store.js';
import { ThrottleOptions } from '../throttle/throttle-options.js';
import type { User } from '../users/user.js';
import type { TaskOwner } from '../users/passwords/fair-queue.js';
import type { PasswordSource } from '../users/passwords.service.js';

const ids = new OrderedIds();

const NOON = new Date('2026-01-01T12:00:00.000Z');

/** A session from noon (UTC) of 1 January 2026 that expires after an hour; `facts` replace values. */
export function aSession(facts: Partial<StoredSession> = {}): StoredSession {
  const createdAt = facts.createdAt ?? NOON;
  const userId = facts.userId ?? randomUUID();
  const token = SessionToken.issue(createdAt, userId);
  return {
    id: token.id,
    secretHash: token.secretHash,
    userId,
    kind: 'session',
    transport: 'cookie',
    scope: 'write',
    label: null,
    credentialVersion: 1,
    createdAt,
    authenticatedAt: createdAt,
    proofs: { password: facts.authenticatedAt ?? createdAt },
    lastSeenAt: createdAt,
    expiresAt: new Date(createdAt.getTime() + 3_600_000),
    client: { ip: '192.0.2.1', userAgent: 'Example/1.0' },
    ...facts,
  };
}

/** An enabled user with a unique e-mail address; `facts` replace values. */
export function aUser(facts: Partial<User> = {}): User {
  const id = randomUUID();
  return {
    id,
    email: `${id}@example.com`,
    firstName: null,
    lastName: null,
    role: 'user',
    disabled: false,
    credentialVersion: 1,
    createdAt: NOON,
    updatedAt: NOON,
    emailVerifiedAt: null,
    ...facts,
  };
}

/** A mail from noon (UTC) of 1 January 2026 to a user. Each id is greater than the previous one; `facts` replace values. */
export function aMail(facts: Partial<OutboxMail> = {}): OutboxMail {
  const createdAt = facts.createdAt ?? NOON;
  const userId = randomUUID();
  return {
    id: ids.next(createdAt),
    kind: 'password_changed',
    to: `${userId}@example.com`,
    userId,
    language: 'en',
    facts: { ip: '192.0.2.1', userAgent: 'Example/1.0' },
    createdAt,
    ...facts,
  };
}

/** The source of a sign-in attempt, which no account knows; `facts` replace values. */
export function aSignInSource(facts: Partial<PasswordSource> = {}): PasswordSource {
  return { ip: '192.0.2.1', connection: null, tokenOwner: null, ...facts };
}

/** The owner of a hash task; `facts` replace values. */
export function aTaskOwner(facts: Partial<TaskOwner> = {}): TaskOwner {
  return { ip: '192.0.2.1', connection: null, account: 'ann@example.com', ...facts };
}

/** A throttle without recorded failures. */
export function aThrottle(clock: Clock, limits: Partial<ThrottleOptions> = {}): GuessThrottle {
  return new GuessThrottle(new MemoryThrottleStore(), clock, new ThrottleOptions(limits));
}

/** A sign-in event at noon (UTC) of 1 January 2026. Each id is greater than the previous one; `facts` replace values. */
export function anAuditEvent(facts: Partial<AuditEvent> = {}): AuditEvent {
  const at = facts.at ?? NOON;
  const userId = randomUUID();
  return {
    id: ids.next(at),
    at,
    count: 1,
    lastAt: at,
    type: 'sign_in',
    via: 'http',
    actorId: userId,
    subjectId: userId,
    sessionId: null,
    ip: '192.0.2.1',
    userAgent: 'Example/1.0',
    requestId: 'request-0001',
    details: { method: 'login' },
    ...facts,
  };
}
