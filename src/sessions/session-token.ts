import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';
import { uuidV7 } from '../common/uuid-v7.js';

/** 16 bytes, a dot and 32 bytes in base64url. The last characters allow only the canonical encoding. */
const FORMAT = /^([\w-]{21}[AQgw])\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/** Position of the tag in an id: three bytes, which are four characters of base64url. */
const TAG_BYTE = 12;
export const TAG = { start: 16, end: 20 };

/** The tag in the session ids of a user: four characters. Few users share one. */
export function userTag(userId: string): string {
  return hash('sha256', userId, 'base64url').slice(0, TAG.end - TAG.start);
}

/** The tag in the id of a session. */
export function tagOf(id: string): string {
  return id.slice(TAG.start, TAG.end);
}

/** Whether an id contains the tag of the user. Ids of the first version do not. */
export function isTaggedFor(userId: string, id: string): boolean {
  return tagOf(id) === userTag(userId);
}

/**
 * A session token: `<id>.<secret>`. The id (128 bits, in order of time like UUIDv7) is public. The secret (256 random
 * bits) is returned by `reveal()` only, and stores keep its hash. All session ids of a user contain the same tag, so that
 * a store can keep them together.
 */
export class SessionToken {
  readonly #secret: string;
  #secretHash: string | null = null;

  private constructor(
    readonly id: string,
    secret: string,
  ) {
    this.#secret = secret;
  }

  static issue(now: Date, userId: string): SessionToken {
    const id = uuidV7(now.getTime());
    Buffer.from(userTag(userId), 'base64url').copy(id, TAG_BYTE);
    return SessionToken.reissue(id.toString('base64url'));
  }

  /** A token with the same id and a new secret. */
  static reissue(id: string): SessionToken {
    return new SessionToken(id, randomBytes(32).toString('base64url'));
  }

  /** Parses a token; null unless it has exactly the format of `issue`. */
  static parse(text: string): SessionToken | null {
    const [, id, secret] = FORMAT.exec(text) ?? [];
    return id === undefined || secret === undefined ? null : new SessionToken(id, secret);
  }

  get secretHash(): string {
    this.#secretHash ??= hash('sha256', this.#secret, 'base64url');
    return this.#secretHash;
  }

  /** Compares in constant time. */
  matches(secretHash: string): boolean {
    const mine = Buffer.from(this.secretHash);
    const theirs = Buffer.from(secretHash);
    return mine.length === theirs.length && timingSafeEqual(mine, theirs);
  }

  reveal(): string {
    return `${this.id}.${this.#secret}`;
  }

  toString(): string {
    return `SessionToken(${this.id})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
