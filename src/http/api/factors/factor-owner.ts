import type { Principal } from '../../../auth/auth.js';
import type { Clock } from '../../../common/clock.js';
import { DomainError } from '../../../common/domain-error.js';
import type { FactorOwner } from '../../../factors/factors.service.js';

/** The owner of factors in a request. Throws `forbidden` for an access token, which was made for a program that has no factors. */
export function ownerOf({ session, isProven, ...identity }: Principal, clock: Clock): FactorOwner {
  if (session?.kind === 'access_token') throw new DomainError('forbidden');
  if (session) return { identity, place: `session ${session.id}`, proofs: session.proofs };
  const proofs = isProven ? { password: clock.now() } : {};
  return { identity, place: `user ${identity.account.id}`, proofs };
}
