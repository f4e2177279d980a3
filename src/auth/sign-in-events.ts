import type { AuditDetails, AuditFacts } from '../audit/audit-event.js';
import type { Session } from '../sessions/session.js';
import type { Verification } from '../users/passwords.service.js';

export type Method = NonNullable<AuditDetails['method']>;

/** The event of a successful sign-in, and the session that it opened. */
export function signedIn(subjectId: string, session: Session | null, method: Method): AuditFacts {
  const { kind, transport } = session ?? {};
  const details = { method, ...(session && { kind, transport }) };
  return { type: 'sign_in', subjectId, sessionId: session?.id ?? null, details };
}

/** The event of a sign-in with the right password by a user who must prove the address first. */
export function signInUnverified(subjectId: string, method: Method): AuditFacts {
  return { type: 'sign_in_failed', subjectId, details: { method, reason: 'email_not_verified' } };
}

/** The event of Basic credentials with the right password by a user who must use a second factor. */
export function signInWithoutFactor(subjectId: string): AuditFacts {
  return { type: 'sign_in_failed', subjectId, details: { method: 'basic', reason: 'second_factor_missing' } };
}

/**
 * The event of a failed or throttled sign-in. An address without an account is not recorded, because people type passwords
 * there by mistake.
 */
export function signInFailed(
  { outcome, account }: Exclude<Verification<object>, { outcome: 'verified' }>,
  method: Method,
): AuditFacts {
  const subjectId = account?.id ?? null;
  if (outcome === 'throttled') return { type: 'sign_in_throttled', subjectId, details: { method } };
  const reason = account?.disabled ? 'user_disabled' : outcome;
  return { type: 'sign_in_failed', subjectId, details: { method, reason } };
}
