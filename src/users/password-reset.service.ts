import { hash, randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { AuditTrail } from '../audit/audit-trail.js';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import { type Clock, isFromWrongClock, later } from '../common/clock.js';
import { DomainError, StoreUnavailableError, invalid } from '../common/domain-error.js';
import type { GuessThrottle } from '../throttle/guess-throttle.js';
import type { ThrottleStore } from '../throttle/throttle-store.js';
import { ownerOf } from './passwords/fair-queue.js';
import type { PasswordHasher } from './passwords/password-hasher.js';
import { PasswordPolicy } from './passwords/password-policy.js';
import { ResetToken } from './reset-token.js';
import { type User, emailKey } from './user.js';
import type { UserStore } from './user-store.js';
import type { UserListener } from './user-listener.js';
import type { UsersOptions } from './users-options.js';

/** How long a reset token is valid, in milliseconds. */
const VALID_FOR = 24 * 3_600_000;

/** How often others may issue a token for the same user at the same time. */
const MOST_TRIES = 100;

/** How many passwords that were revoked a new one may not be. */
const MOST_REVOKED = 3;

export interface IssuedReset {
  readonly token: ResetToken;
  readonly expiresAt: Date;
}

/**
 * Issues tokens by which people choose a new password, and takes them back. A user has one valid token at a time. It is bound
 * to the user's credential version: a change of the password, disabling or deleting the user makes it invalid.
 */
export class PasswordResetService {
  readonly #policy: PasswordPolicy;
  readonly #logger = new Logger('Passwords');

  constructor(
    private readonly users: UserStore,
    private readonly tallies: ThrottleStore,
    private readonly hasher: PasswordHasher,
    private readonly throttle: GuessThrottle,
    private readonly clock: Clock,
    options: UsersOptions,
    private readonly trail?: AuditTrail,
    private readonly listener?: UserListener,
  ) {
    this.#policy = new PasswordPolicy(options);
  }

  /**
   * Issues a token for a user in place of the one before; `not_found` if there is no such user. With `revoke`, the present
   * password, all sessions and all access tokens are invalid from now on.
   */
  async issue(
    userId: string,
    { revoke = false }: { readonly revoke?: boolean } = {},
    by: Initiator = PROGRAM,
  ): Promise<IssuedReset> {
    const found = await this.users.find(userId);
    if (!found) throw new DomainError('not_found');
    const { user, revokedHash } = revoke ? await this.#revoke(found, by) : { user: found, revokedHash: null };
    const token = ResetToken.issue(user.id);
    const issuedAt = this.clock.now();
    const expiresAt = later(issuedAt, VALID_FOR);
    await this.#keep(token, user, issuedAt, revokedHash);
    const details = revoke ? ({ reason: 'revoked' } as const) : {};
    await this.trail?.record({ type: 'password_reset_issued', subjectId: user.id, details }, by);
    return { token, expiresAt };
  }

  /**
   * Sets the new password of the user whose token this is, and ends all of their sessions and access tokens. A password that
   * is refused leaves the token valid. `reset_token_invalid` for every token that is not valid, whatever the reason, and
   * `too_many_attempts` where too many attempts that came from the network failed.
   */
  async reset(text: string, next: string, by: Initiator = PROGRAM): Promise<void> {
    const token = ResetToken.parse(text);
    const attempt = await this.throttle.beginToken(token?.userId ?? null, by.ip);
    const holder = token && (await this.#holderOf(token));
    if (!holder) {
      await attempt.fail();
      return this.#refuse(null, by);
    }
    const { user, revokedHashes } = holder;
    const asker = ownerOf(by, user.email);
    await this.#policy.check(next, user, '/new_password', asker);
    for (const hash of [await this.#hashOf(user), ...revokedHashes])
      if (hash !== null && (await this.hasher.verify(next, hash, asker)))
        throw invalid('/new_password', 'Must differ from the current password.');
    const { id, credentialVersion } = user;
    const passwordHash = await this.hasher.hash(next, asker);
    const changed = await this.users.replacePassword(id, credentialVersion, passwordHash, this.clock.now());
    if (!changed) return this.#refuse(id, by);
    // The token proves who asks. What fails from here on does not undo the change.
    const owner = { ...by, actorId: by.actorId ?? id };
    await this.trail?.record({ type: 'password_reset', subjectId: id }, owner);
    await this.listener?.onUserDeactivated(id, 'password_changed', owner);
    await this.#resetFailures(changed);
  }

  async #resetFailures({ id, email }: User): Promise<void> {
    try {
      await this.throttle.reset({ key: emailKey(email), userId: id });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#logger.warn(
        'A password was reset, but the failed attempts of the account could not be deleted. They expire by themselves.',
      );
    }
  }

  /** Null where the address is another user's by now. */
  async #hashOf({ id, email }: User): Promise<string | null> {
    const credential = await this.users.findCredential(email);
    return credential?.user.id === id ? credential.passwordHash : null;
  }

  /** The user whose token this is, as long as it is valid, and the hashes of the passwords that were revoked. */
  async #holderOf(
    token: ResetToken,
  ): Promise<{ readonly user: User; readonly revokedHashes: readonly string[] } | null> {
    const now = this.clock.now();
    const [kept] = await this.tallies.read([keyOf(token.userId)], now);
    const [secretHash = '', version, issuedAt, ...revokedHashes] = kept?.split(' ') ?? [];
    if (!token.matches(secretHash) || !isInTime(new Date(Number(issuedAt)), now)) return null;
    const user = await this.users.find(token.userId);
    const isHolder = user && !user.disabled && String(user.credentialVersion) === version;
    return isHolder ? { user, revokedHashes } : null;
  }

  async #refuse(subjectId: string | null, by: Initiator): Promise<never> {
    await this.trail?.record({ type: 'password_reset_failed', subjectId }, by);
    throw new DomainError('reset_token_invalid');
  }

  /** Replaces the password by one that nobody knows. */
  async #revoke(found: User, by: Initiator): Promise<{ user: User; revokedHash: string | null }> {
    const { id, credentialVersion } = found;
    const revokedHash = await this.#hashOf(found);
    const password = randomBytes(32).toString('base64url');
    const passwordHash = await this.hasher.hash(password, ownerOf(by, found.email));
    const user = await this.users.replacePassword(id, credentialVersion, passwordHash, this.clock.now());
    // Somebody else changed the user at the same time: what is revoked must be what is there now.
    if (!user) {
      const changed = await this.users.find(id);
      if (!changed) throw new DomainError('not_found');
      return this.#revoke(changed, by);
    }
    await this.listener?.onUserDeactivated(id, 'password_changed', by);
    return { user, revokedHash };
  }

  /** Keeps a token in place of the one before, and what was revoked: others may know those passwords. */
  async #keep(
    token: ResetToken,
    { id, credentialVersion }: User,
    issuedAt: Date,
    revokedHash: string | null,
  ): Promise<void> {
    const until = later(issuedAt, VALID_FOR);
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const now = this.clock.now();
      const [before = null] = await this.tallies.read([keyOf(id)], now);
      const revoked = [
        ...(before?.split(' ').slice(3) ?? []),
        ...(revokedHash === null ? [] : [revokedHash]),
      ];
      const words = [
        token.secretHash,
        credentialVersion,
        issuedAt.getTime(),
        ...revoked.slice(-MOST_REVOKED),
      ];
      if (await this.tallies.swap(keyOf(id), before, words.join(' '), until, now)) return;
    }
    throw new StoreUnavailableError(
      new Error('The reset token of this user was replaced again and again by other requests.'),
    );
  }
}

/** Whether a token that was issued at an instant is still valid. A clock that was ahead does not make it last longer. */
function isInTime(issuedAt: Date, now: Date): boolean {
  return !isFromWrongClock(issuedAt, now) && now.getTime() - issuedAt.getTime() < VALID_FOR;
}

function keyOf(userId: string): string {
  return `reset:${hash('sha256', userId, 'base64url').slice(0, 22)}`;
}
