import { createHmac, randomBytes } from 'node:crypto';

/** How many credentials are remembered; the oldest are forgotten first. */
const MAX_KNOWN = 10_000;

/** The user that a credential belongs to, and what was stored of the user at the verification. */
export interface Proof {
  readonly userId: string;
  readonly credentialVersion: number;
  readonly passwordHash: string | null;
}

/** Remembers recently verified credentials as HMACs. The key is only in the memory of this process. */
export class RecentProofs {
  readonly #key = randomBytes(32);
  readonly #proofs = new Map<string, Proof & { readonly until: number }>();

  /** `knownFor` is how long a credential is remembered, in milliseconds. */
  constructor(private readonly knownFor: number) {}

  /** Remembers a credential that was just verified. */
  note(email: string, password: string, proof: Proof, now: Date): void {
    const digest = this.#digest(email, password);
    this.#proofs.delete(digest);
    this.#forgetOldest(now);
    this.#proofs.set(digest, { ...proof, until: now.getTime() + this.knownFor });
  }

  /** The result of the last verification of a credential; null if it is too long ago, or in the future. */
  of(email: string, password: string, now: Date): Proof | null {
    const proof = this.#proofs.get(this.#digest(email, password));
    const left = (proof?.until ?? 0) - now.getTime();
    return proof && left > 0 && left <= this.knownFor ? proof : null;
  }

  #digest(email: string, password: string): string {
    return createHmac('sha256', this.#key).update(`${email.length}:${email}${password}`).digest('base64');
  }

  /** Forgets the expired ones, and the oldest one if there is no room. */
  #forgetOldest(now: Date): void {
    for (const [digest, { until }] of this.#proofs) {
      if (now.getTime() < until && this.#proofs.size < MAX_KNOWN) return;
      this.#proofs.delete(digest);
    }
  }
}
