import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

const PREFIX = 'reset-';

/** The prefix, a user id, a dot and 32 bytes, in base64url. The last character has no unused bits. */
const FORMAT = /^reset-([\w-]{1,512})\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/** A token for setting a new password of one user. Only `reveal()` returns its secret of 256 random bits. */
export class ResetToken {
  readonly #secret: string;

  private constructor(
    readonly userId: string,
    secret: string,
  ) {
    this.#secret = secret;
  }

  static issue(userId: string): ResetToken {
    return new ResetToken(userId, randomBytes(32).toString('base64url'));
  }

  /** Null for a text that is not written exactly as `reveal` writes it. */
  static parse(text: string): ResetToken | null {
    const [, id, secret] = FORMAT.exec(text) ?? [];
    if (id === undefined || secret === undefined) return null;
    const userId = Buffer.from(id, 'base64url').toString();
    return Buffer.from(userId).toString('base64url') === id ? new ResetToken(userId, secret) : null;
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
    return `${PREFIX}${Buffer.from(this.userId).toString('base64url')}.${this.#secret}`;
  }

  toString(): string {
    return `ResetToken(${this.userId})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
