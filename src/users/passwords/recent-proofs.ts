import { createHmac, randomBytes } from 'node:crypto';
import type { User } from '../user.js';

/** For how long, in milliseconds, a credential is known again after it was verified. */
const KNOWN_FOR = 15 * 60_000;

/** How many are known at a time; of more, the oldest are forgotten. */
const MAX_KNOWN = 10_000;

/** Whom a credential was proven to be, and under which of their credentials. */
export interface Proof {
  readonly userId: string;
  readonly credentialVersion: number;
}

/** Credentials that were verified a moment ago, as digests under a key that never leaves this process's memory. */
export class RecentProofs {
  readonly #key = randomBytes(32);
  readonly #proofs = new Map<string, Proof & { readonly until: number }>();

  /** Notes what was just verified. */
  note(email: string, password: string, user: User, now: Date): void {
    const digest = this.#digest(email, password);
    this.#proofs.delete(digest);
    this.#forgetOldest(now);
    const { id: userId, credentialVersion } = user;
    this.#proofs.set(digest, { userId, credentialVersion, until: now.getTime() + KNOWN_FOR });
  }

  /** What the credential proved when it was last verified; null if that is too long ago, or later than now. */
  of(email: string, password: string, now: Date): Proof | null {
    const proof = this.#proofs.get(this.#digest(email, password));
    const left = (proof?.until ?? 0) - now.getTime();
    return proof && left > 0 && left <= KNOWN_FOR ? proof : null;
  }

  #digest(email: string, password: string): string {
    return createHmac('sha256', this.#key).update(`${email.length}:${email}${password}`).digest('base64');
  }

  /** All that time has passed for, and one more where there is no room. */
  #forgetOldest(now: Date): void {
    for (const [digest, { until }] of this.#proofs) {
      if (now.getTime() < until && this.#proofs.size < MAX_KNOWN) return;
      this.#proofs.delete(digest);
    }
  }
}
