import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';
import { v7 as uuidV7 } from 'uuid';

/** 16 bytes, a dot, 32 bytes, in base64url; the last characters are those that leave no bit over. */
const FORMAT = /^([\w-]{21}[AQgw])\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/** Where in an id the user's tag is: three bytes of it, which are four whole characters of base64url. */
const TAG_BYTE = 12;
export const TAG = { start: 16, end: 20 };

/** The tag that the ids of a user's sessions bear: four characters. Few users share one. */
export function userTag(userId: string): string {
  return hash('sha256', userId, 'base64url').slice(0, TAG.end - TAG.start);
}

/** The tag in the id of a session. */
export function tagOf(id: string): string {
  return id.slice(TAG.start, TAG.end);
}

/** Whether an id has the tag of its user: ids from before there were tags do not. */
export function isTaggedFor(userId: string, id: string): boolean {
  return tagOf(id) === userTag(userId);
}

/**
 * What a client holds: `<id>.<secret>`. The id (128 bits, ordered by time like UUIDv7) is public; the secret
 * (256 random bits) leaves by `reveal()` alone, and only its hash is kept. The ids of one user's sessions have a tag in
 * common, by which a store can keep them side by side.
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
    const id = uuidV7({ msecs: now.getTime() }, Buffer.alloc(16));
    Buffer.from(userTag(userId), 'base64url').copy(id, TAG_BYTE);
    return SessionToken.reissue(id.toString('base64url'));
  }

  /** A new secret for a session that goes on. */
  static reissue(id: string): SessionToken {
    return new SessionToken(id, randomBytes(32).toString('base64url'));
  }

  /** Null for whatever is not written exactly as `issue` writes it. */
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
