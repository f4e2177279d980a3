import type { AuditDetails, AuditFacts } from '../audit/audit-event.js';
import type { Session } from '../sessions/session.js';
import type { User } from '../users/user.js';
import type { Verification } from '../users/users.service.js';

type Method = NonNullable<AuditDetails['method']>;

/** That a user proved who they are by a password, and the session that was opened for it. */
export function signedIn(user: User, session: Session | null, method: Method): AuditFacts {
  return { type: 'sign_in', subjectId: user.id, sessionId: session?.id ?? null, details: { method } };
}

/**
 * That a password did not fit, or did not count as too many were tried; an address that has no account is left out, as
 * people type passwords there.
 */
export function signInFailed(
  { outcome, user }: Exclude<Verification, { outcome: 'verified' }>,
  method: Method,
): AuditFacts {
  const subjectId = user?.id ?? null;
  if (outcome === 'throttled') return { type: 'sign_in_throttled', subjectId, details: { method } };
  const reason = user?.disabled ? 'user_disabled' : outcome;
  return { type: 'sign_in_failed', subjectId, details: { method, reason } };
}
