import { type Clock, isFromWrongClock, later } from '../common/clock.js';
import { digest } from '../common/digest.js';
import { jsonIn } from '../common/json.js';
import { isRecord } from '../common/options.js';
import { untilStored } from '../common/until-stored.js';
import type { OutboxMail } from '../mail/outbox-mail.js';
import { isCount, isInstant } from '../throttle/counter-text.js';
import { OneTimeToken, type TokenPurpose } from './one-time-token.js';
import type { TokenStore } from './token-store.js';
import { emailKey } from './user.js';

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
  /** Whether anyone could ask for it. It does not replace tokens that nobody else could ask for. */
  readonly isByAnyone?: boolean;
  /** The hash of a password that must not be chosen again. */
  readonly revokedHash?: string | null;
}

export interface IssuedToken {
  readonly token: OneTimeToken;
  readonly expiresAt: Date;
}

/** A token as it is stored. */
interface StoredToken extends Required<Omit<TokenBinding, 'revokedHash'>> {
  readonly hash: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
}

/** What is stored of the tokens of one user and purpose. */
interface Stored {
  readonly tokens: readonly StoredToken[];
  readonly revokedHashes: readonly string[];
}

/** A valid token, as it was issued. */
export interface FoundToken extends Pick<StoredToken, 'about' | 'mailId'>, Pick<Stored, 'revokedHashes'> {
  readonly token: OneTimeToken;
  /** The stored text, which `use` removes if it is still the same. */
  readonly text: string;
  /** Whether the token is bound to this credential version and address. */
  isBoundTo(credentialVersion: number, address: string): boolean;
}

/**
 * Issues, finds and uses up one-time tokens. For each purpose, a newer token of a user replaces the older ones. A token that anyone
 * can ask for replaces only tokens of that kind, so that nobody can make an invitation invalid. Only a hash of each is stored.
 */
export class OneTimeTokens {
  constructor(
    private readonly store: TokenStore,
    private readonly clock: Clock,
  ) {}

  /** Issues a token and replaces the previous one. Those of the same mail, or about the same change, stay valid beside each other. */
  async issue(
    purpose: TokenPurpose,
    userId: string,
    { revokedHash = null, ...binding }: TokenBinding,
  ): Promise<IssuedToken> {
    const token = OneTimeToken.issue(purpose, userId);
    const key = keyOf(purpose, userId);
    const issuedAt = this.clock.now();
    const issued: StoredToken = {
      mailId: null,
      about: null,
      isByAnyone: false,
      ...binding,
      address: emailKey(binding.address),
      hash: token.secretHash,
      issuedAt: issuedAt.getTime(),
    };
    return untilStored(async () => {
      const now = this.clock.now();
      const before = await this.store.read(key, now);
      const stored = storedIn(before);
      const valid = stored.tokens.filter((other) => isInTime(other, now));
      const others = valid.filter((other) => issued.isByAnyone && !other.isByAnyone);
      const beside = valid.filter((other) => !others.includes(other) && isBeside(other, issued));
      const tokens = [...others, ...beside.slice(1 - MOST_AT_ONCE), issued];
      const revoked = [...stored.revokedHashes, ...(revokedHash === null ? [] : [revokedHash])];
      const text = JSON.stringify({ tokens, revokedHashes: revoked.slice(-MOST_REVOKED) } satisfies Stored);
      const until = Math.max(...tokens.map((one) => one.issuedAt + one.validFor));
      const isSet = await this.store.swap(key, before, text, later(new Date(0), until), now);
      return isSet ? { token, expiresAt: later(issuedAt, issued.validFor) } : null;
    });
  }

  /** The token of a text; null if it is not valid. It is not used up. */
  async find(token: OneTimeToken): Promise<FoundToken | null> {
    const now = this.clock.now();
    const text = await this.store.read(keyOf(token.purpose, token.userId), now);
    const { tokens, revokedHashes } = storedIn(text);
    const found = tokens.find((one) => isInTime(one, now) && token.matches(one.hash));
    if (text === null || !found) return null;
    const { about, mailId, credentialVersion, address } = found;
    const isBoundTo = (version: number, current: string) =>
      version === credentialVersion && emailKey(current) === address;
    return { token, text, about, revokedHashes, mailId, isBoundTo };
  }

  /** Uses a token up, and adds mails in the same step. Of racing callers, one gets true. */
  use({ token, text }: FoundToken, mails?: readonly OutboxMail[]): Promise<boolean> {
    const now = this.clock.now();
    return this.store.swap(keyOf(token.purpose, token.userId), text, 'used', now, now, mails);
  }
}

/** Nothing for no text, and for one that cannot be read. */
function storedIn(text: string | null): Stored {
  const stored = text === null ? null : jsonIn(text);
  const { tokens, revokedHashes } = isRecord(stored) ? stored : {};
  return {
    tokens: listIn(tokens).filter(isToken),
    revokedHashes: listIn(revokedHashes).filter((one) => typeof one === 'string'),
  };
}

function isToken(value: unknown): value is StoredToken {
  if (!isRecord(value)) return false;
  const { hash, credentialVersion, address, issuedAt, validFor, mailId, about, isByAnyone } = value;
  return (
    typeof hash === 'string' &&
    isCount(credentialVersion) &&
    typeof address === 'string' &&
    isInstant(issuedAt) &&
    isInstant(validFor) &&
    [mailId, about].every((text) => text === null || typeof text === 'string') &&
    typeof isByAnyone === 'boolean'
  );
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a token is still valid. A clock that was ahead does not make it last longer. */
function isInTime({ issuedAt, validFor }: StoredToken, now: Date): boolean {
  const at = new Date(issuedAt);
  return !isFromWrongClock(at, now) && now.getTime() - at.getTime() < validFor;
}

/** Whether two tokens were sent with the same mail, or are about the same change. */
function isBeside(one: StoredToken, other: StoredToken): boolean {
  const isSame = (name: 'mailId' | 'about') => one[name] !== null && one[name] === other[name];
  return isSame('mailId') || isSame('about');
}

function keyOf(purpose: TokenPurpose, userId: string): string {
  return `${purpose}:${digest(userId)}`;
}
