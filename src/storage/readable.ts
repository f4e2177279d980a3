import { AUDIT_TYPES, type AuditEvent } from '../audit/audit-event.js';
import { CHANNELS } from '../audit/initiator.js';
import { isUuidV7 } from '../common/uuid-v7.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { printable } from '../common/printable.js';
import { unreadable } from '../common/unreadable.js';
import { FACTOR_CHANGES, MAIL_KINDS, type MailFacts } from '../mail/outbox-mail.js';
import type { StoredMail } from '../mail/outbox-store.js';
import { END_REASONS } from '../sessions/endings.js';
import {
  type Ending,
  SESSION_KINDS,
  SESSION_SCOPES,
  type SessionEntry,
  type StoredSession,
  TRANSPORTS,
} from '../sessions/session.js';
import { isCount } from '../throttle/counter-text.js';
import { FIRST_VERSION, type StoredCredential } from '../users/credential-store.js';
import type { User } from '../users/user.js';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || isText(value);
const isDate: Check = (value) => !Number.isNaN((value as Date).getTime());
const isDateOrNull: Check = (value) => value === null || isDate(value);
const isOneOf = (values: readonly unknown[]): Check => values.includes.bind(values);
const isMissingOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const CLIENT = checks<StoredSession['client']>({ ip: isTextOrNull, userAgent: isTextOrNull });

const SESSION = checks<StoredSession>({
  id: isText,
  userId: isText,
  kind: isOneOf(SESSION_KINDS),
  transport: isOneOf(TRANSPORTS),
  scope: isOneOf(SESSION_SCOPES),
  label: isTextOrNull,
  secretHash: isText,
  credentialVersion: isCount,
  createdAt: isDate,
  authenticatedAt: isDate,
  proofs: (proofs) => Object.values(proofs as object).every(isDate),
  lastSeenAt: isDate,
  expiresAt: isDate,
  client: (client) => isSound(client as StoredSession['client'], CLIENT),
});

const USER = checks<User>({
  id: isText,
  email: isText,
  firstName: isTextOrNull,
  lastName: isTextOrNull,
  role: isText,
  disabled: (value) => typeof value === 'boolean',
  credentialVersion: isCount,
  createdAt: isDate,
  updatedAt: isDate,
  emailVerifiedAt: isDateOrNull,
});

const CREDENTIAL = checks<StoredCredential>({
  passwordHash: isTextOrNull,
  version: (version) => isCount(version) && version >= FIRST_VERSION,
});

const FACTS = checks<MailFacts>({
  credentialVersion: isMissingOr(isCount),
  otherAddress: isMissingOr(isText),
  ip: isMissingOr(isTextOrNull),
  userAgent: isMissingOr(isTextOrNull),
  changeId: isMissingOr(isText),
  label: isMissingOr(isTextOrNull),
  factorChange: isMissingOr(isOneOf(FACTOR_CHANGES)),
});

const MAIL = checks<StoredMail>({
  id: isText,
  kind: isOneOf(MAIL_KINDS),
  to: isText,
  userId: isTextOrNull,
  language: isText,
  facts: (facts) => facts instanceof Object && !Array.isArray(facts) && isSound<MailFacts>(facts, FACTS),
  createdAt: isDate,
  attempts: isCount,
  nextAt: isDateOrNull,
  error: isTextOrNull,
});

const EVENT = checks<AuditEvent>({
  id: (id) => typeof id === 'string' && isUuidV7(id),
  at: isDate,
  count: isCount,
  lastAt: isDate,
  type: isOneOf(AUDIT_TYPES),
  via: isOneOf(CHANNELS),
  actorId: isTextOrNull,
  subjectId: isTextOrNull,
  sessionId: isTextOrNull,
  ip: isTextOrNull,
  userAgent: isTextOrNull,
  requestId: isTextOrNull,
  details: (details) => details instanceof Object && Object.values(details).every(isText),
});

/** The session; null, with a line in the log, if a stored value is not valid. */
export function readableSession(session: StoredSession): StoredSession | null {
  return isSound(session, SESSION) ? session : unreadable('session', session.id);
}

/** The entry; null, with a line in the log, if a stored value is not valid. */
export function readableEntry(entry: SessionEntry): SessionEntry | null {
  const { session, ended } = entry;
  if (ended && !(isOneOf(END_REASONS)(ended.reason) && isDate(ended.at)))
    return unreadable('session', session.id);
  return readableSession(session) && entry;
}

/** The ending; null, with a line in the log, if a stored value is not valid. */
export function readableEnding(ending: Ending): Ending | null {
  const { session, reason, at } = ending;
  const ended = reason === 'expired' ? null : { reason, at };
  return readableEntry({ session, ended }) && ending;
}

/** The user; null, with a line in the log, if a stored value is not valid. */
export function readableUser(user: User): User | null {
  return isSound(user, USER) ? user : unreadable('user', user.id);
}

/** The credential. Throws `StoreUnavailableError` if a stored value is not valid: it must not be treated as absent. */
export function readableCredential(credential: StoredCredential, userId: string): StoredCredential {
  if (isSound(credential, CREDENTIAL)) return credential;
  throw new StoreUnavailableError(
    new Error(`The stored credential of the user ${printable(userId)} is not valid.`),
  );
}

/** The mail; null, with a line in the log, if a stored value is not valid. */
export function readableMail(mail: StoredMail): StoredMail | null {
  return isSound(mail, MAIL) ? mail : unreadable('mail', mail.id);
}

/** The audit event; null, with a line in the log, if a stored value is not valid. */
export function readableEvent(event: AuditEvent): AuditEvent | null {
  return isSound(event, EVENT) ? event : unreadable('audit event', event.id);
}

function checks<T>(ofEach: { readonly [Name in keyof T]-?: Check }): readonly [keyof T, Check][] {
  return Object.entries(ofEach) as [keyof T, Check][];
}

function isSound<T>(value: T, all: readonly [keyof T, Check][]): boolean {
  return all.every(([name, check]) => check(value[name]));
}
