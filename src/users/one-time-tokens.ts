import { hash } from 'node:crypto';
import { type Clock, isFromWrongClock, later } from '../common/clock.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { jsonIn } from '../common/json.js';
import { isRecord } from '../common/options.js';
import type { OutboxMail } from '../mail/outbox-mail.js';
import { OneTimeToken, type TokenPurpose } from './one-time-token.js';
import type { TokenStore } from './token-store.js';
import { emailKey } from './user.js';

/** How often issuing a token is tried while other requests issue one for the same user. */
const MOST_TRIES = 100;

/** How many revoked passwords cannot be used as the new password. */
const MOST_REVOKED = 3;

/**
 * How many tokens of one mail, or about one change, are valid. Each attempt to send a mail issues one, and more than one message
 * may arrive.
 */
const MOST_AT_ONCE = 4;

/** What a token is bound to. It is invalid when its user has another credential version or another address. */
export interface TokenBinding {
  readonly credentialVersion: number;
  readonly address: string;
  /** Milliseconds. */
  readonly validFor: number;
  /** The mail that the token is sent with; null if it is handed over in another way. */
  readonly mailId?: string | null;
  /** What the token is about, such as the id of a change; null for nothing else. */
  readonly about?: string | null;
  /** The hash of a password that must not be chosen again. */
  readonly revokedHash?: string | null;
}

export interface IssuedToken {
  readonly token: OneTimeToken;
  readonly expiresAt: Date;
}

/** What is stored of the valid tokens of one user and purpose. */
interface Stored {
  readonly hashes: readonly string[];
  readonly version: number;
  readonly address: string;
  readonly issuedAt: number;
  readonly validFor: number;
  readonly mailId: string | null;
  readonly about: string | null;
  readonly revokedHashes: readonly string[];
}

/** A valid token, as it was issued. */
export interface FoundToken extends Pick<Stored, 'about' | 'revokedHashes' | 'mailId'> {
  readonly token: OneTimeToken;
  /** The stored text, which `use` removes if it is still the same. */
  readonly text: string;
  /** Whether the token is bound to this credential version and address. */
  isBoundTo(credentialVersion: number, address: string): boolean;
}

/**
 * Issues, finds and uses up one-time tokens. A user has one valid token for each purpose: a newer one replaces an older one. Only a
 * hash of each is stored.
 */
export class OneTimeTokens {
  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
  ) {}

  /** Issues a token and replaces the previous one. Those of the same mail, or about the same change, stay valid beside each other. */
  async issue(purpose: TokenPurpose, userId: string, binding: TokenBinding): Promise<IssuedToken> {
    const { credentialVersion, address, validFor, mailId = null, about = null, revokedHash = null } = binding;
    const token = OneTimeToken.issue(purpose, userId);
    const key = keyOf(purpose, userId);
    const issuedAt = this.clock.now();
    const expiresAt = later(issuedAt, validFor);
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const now = this.clock.now();
      const before = await this.store.read(key, now);
      const stored = storedIn(before);
      const isBeside = stored && (isSame(stored.mailId, mailId) || isSame(stored.about, about));
      const valid = isBeside ? stored.hashes : [];
      const revoked = [...(stored?.revokedHashes ?? []), ...(revokedHash === null ? [] : [revokedHash])];
      const next: Stored = {
        hashes: [...valid, token.secretHash].slice(-MOST_AT_ONCE),
        version: credentialVersion,
        address: emailKey(address),
        issuedAt: issuedAt.getTime(),
        validFor,
        mailId,
        about,
        revokedHashes: revoked.slice(-MOST_REVOKED),
      };
      if (await this.store.swap(key, before, JSON.stringify(next), expiresAt, now))
        return { token, expiresAt };
    }
    throw new StoreUnavailableError(
      new Error('The token of this user was replaced again and again by other requests.'),
    );
  }

  /** The token of a text; null if it is not valid. It is not used up. */
  async find(token: OneTimeToken): Promise<FoundToken | null> {
    const now = this.clock.now();
    const text = await this.store.read(keyOf(token.purpose, token.userId), now);
    const stored = storedIn(text);
    if (text === null || !stored || !isInTime(stored, now)) return null;
    if (!stored.hashes.some((one) => token.matches(one))) return null;
    const { about, revokedHashes, mailId, version, address } = stored;
    const isBoundTo = (credentialVersion: number, current: string) =>
      credentialVersion === version && emailKey(current) === address;
    return { token, text, about, revokedHashes, mailId, isBoundTo };
  }

  /** Uses a token up, and adds mails in the same step. Of racing callers, one gets true. */
  use({ token, text }: FoundToken, mails?: readonly OutboxMail[]): Promise<boolean> {
    const now = this.clock.now();
    return this.store.swap(keyOf(token.purpose, token.userId), text, 'used', now, now, mails);
  }
}

/** Null for no text, and for one of an earlier version. */
function storedIn(text: string | null): Stored | null {
  const stored = text === null ? null : jsonIn(text);
  return isRecord(stored) && Array.isArray(stored['hashes']) ? (stored as unknown as Stored) : null;
}

/** Whether a token is still valid. A clock that was ahead does not make it last longer. */
function isInTime({ issuedAt, validFor }: Stored, now: Date): boolean {
  const at = new Date(issuedAt);
  return !isFromWrongClock(at, now) && now.getTime() - at.getTime() < validFor;
}

function isSame(one: string | null, other: string | null): boolean {
  return one !== null && one === other;
}

function keyOf(purpose: TokenPurpose, userId: string): string {
  return `${purpose}:${hash('sha256', userId, 'base64url').slice(0, 22)}`;
}
