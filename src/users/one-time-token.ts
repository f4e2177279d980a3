import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * What a token is for: a new password, a proof of an address, a new address, the old address instead of a new one, or the second step of
 * a sign-in.
 */
export const TOKEN_PURPOSES = ['reset', 'verify', 'confirm', 'cancel', 'pending'] as const;

export type TokenPurpose = (typeof TOKEN_PURPOSES)[number];

/** The purpose, a user id, a dot and 32 bytes, in base64url. The last character has no unused bits. */
const FORMAT = /^(reset|verify|confirm|cancel|pending)-([\w-]{1,512})\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/** A token for one act of one user. Only `reveal()` returns its secret of 256 random bits. */
export class OneTimeToken {
  readonly #secret: string;

  private constructor(
    readonly purpose: TokenPurpose,
    readonly userId: string,
    secret: string,
  ) {
    this.#secret = secret;
  }

  static issue(purpose: TokenPurpose, userId: string): OneTimeToken {
    return new OneTimeToken(purpose, userId, randomBytes(32).toString('base64url'));
  }

  /** Null for a text that is not written exactly as `reveal` writes it, and for a token of another purpose. */
  static parse(purpose: TokenPurpose, text: string): OneTimeToken | null {
    const [, found, id, secret] = FORMAT.exec(text) ?? [];
    if (found !== purpose || id === undefined || secret === undefined) return null;
    const userId = Buffer.from(id, 'base64url').toString();
    return Buffer.from(userId).toString('base64url') === id
      ? new OneTimeToken(purpose, userId, secret)
      : null;
  }

  /** The hash of the secret, for storage. */
  get secretHash(): string {
    return hash('sha256', this.#secret, 'base64url');
  }

  /** Compares in constant time. */
  matches(secretHash: string): boolean {
    const [own, other] = [Buffer.from(this.secretHash), Buffer.from(secretHash)];
    return own.length === other.length && timingSafeEqual(own, other);
  }

  /** The token as the client sends it, with the secret. */
  reveal(): string {
    return `${this.purpose}-${Buffer.from(this.userId).toString('base64url')}.${this.#secret}`;
  }

  toString(): string {
    return `OneTimeToken(${this.purpose}, ${this.userId})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
