import type { ProofKind } from '../sessions/proofs.js';
import type { Identity } from '../users/identity.js';
import type { Principal } from './auth.js';

/** What must follow a right password. */
export interface SecondStep {
  /** The proofs of which one must follow; empty if the user must set up a factor first. */
  readonly factors: readonly ProofKind[];
}

/** Says where a password is not enough. `FactorsModule` provides it; without it, a password always is. */
export abstract class SecondFactor {
  /** Whether Basic credentials of users with factors are accepted. */
  abstract readonly allowsBasic: boolean;
  /** What must follow before the user is signed in; null for nothing. */
  abstract following(identity: Identity<object>): Promise<SecondStep | null>;
  /** Whether the policy asks for a second factor that the session of a request was opened without. */
  abstract isMissingIn(principal: Principal<object>): boolean;
}
