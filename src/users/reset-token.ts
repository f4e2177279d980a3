import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

const PREFIX = 'reset-';

/** The prefix, an id of a user, a dot and 32 bytes, in base64url; the last character leaves no bit over. */
const FORMAT = /^reset-([\w-]{1,128})\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/** Lets its holder choose a new password for one user. The secret (256 random bits) leaves by `reveal()` alone. */
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

  /** What is kept of the secret. */
  get secretHash(): string {
    return hash('sha256', this.#secret, 'base64url');
  }

  /** Compares in constant time. */
  matches(secretHash: string): boolean {
    const [own, other] = [Buffer.from(this.secretHash), Buffer.from(secretHash)];
    return own.length === other.length && timingSafeEqual(own, other);
  }

  /** The token as its holder sends it: the only place where the secret leaves. */
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
