import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import type { SecurityEvents } from '../audit/security-events.js';
import type { Clock } from '../common/clock.js';
import { DomainError, StoreUnavailableError, invalid } from '../common/domain-error.js';
import type { GuessThrottle } from '../throttle/guess-throttle.js';
import type { Accounts, KnownUser } from './accounts.js';
import { ownerOf } from './passwords/fair-queue.js';
import type { PasswordHasher } from './passwords/password-hasher.js';
import { PasswordPolicy } from './passwords/password-policy.js';
import { type MailQueue, changing, noticeOf } from './mails/mail-queue.js';
import { OneTimeToken } from './one-time-token.js';
import { type FoundToken, type IssuedToken, OneTimeTokens } from './one-time-tokens.js';
import type { TokenStore } from './token-store.js';
import { emailKey } from './user.js';
import type { Account } from './user-directory.js';
import type { UserListener } from './user-listener.js';
import type { UsersOptions } from './users-options.js';

/** How long a reset token is valid, in milliseconds. */
const VALID_FOR = 24 * 3_600_000;

/**
 * Issues tokens for choosing a new password, and redeems them. A newer token replaces an older one. It is bound to the
 * user's credential version: a change of the password, disabling or deleting the user makes it invalid.
 */
export class PasswordResetService {
  readonly #policy: PasswordPolicy;
  readonly #tokens: OneTimeTokens;
  readonly #logger = new Logger('Passwords');

  constructor(
    private readonly accounts: Accounts,
    tokens: TokenStore,
    private readonly hasher: PasswordHasher,
    private readonly throttle: GuessThrottle,
    private readonly clock: Clock,
    options: UsersOptions,
    private readonly events?: SecurityEvents,
    private readonly listener?: UserListener,
    private readonly mails?: MailQueue,
  ) {
    this.#policy = new PasswordPolicy(options);
    this.#tokens = new OneTimeTokens(tokens, clock);
  }

  /**
   * Issues a token for a user and replaces the previous one. Throws `not_found` if there is no such user. With `revoke`, the
   * current password, all sessions and all access tokens become invalid at once.
   */
  async issue(
    userId: string,
    { revoke = false }: { readonly revoke?: boolean } = {},
    by: Initiator = PROGRAM,
  ): Promise<IssuedToken> {
    const found = await this.accounts.findById(userId);
    if (!found) throw new DomainError('not_found');
    const { known, revokedHash } = revoke
      ? await this.#revoke(found, by)
      : { known: found, revokedHash: null };
    const { id } = known.account;
    const { version } = known.credential;
    const address = this.#addressOf(known);
    const binding = { credentialVersion: version, address, validFor: VALID_FOR, revokedHash };
    const issued = await this.#tokens.issue('reset', id, binding);
    const details = revoke ? ({ reason: 'revoked' } as const) : {};
    await this.events?.emit({ type: 'password_reset_issued', subjectId: id, details }, by);
    return issued;
  }

  /**
   * Sets the new password of the user whose token this is, and ends all of their sessions and access tokens. A password that
   * is refused leaves the token valid. Throws `reset_token_invalid` for every invalid token, whatever the reason, and
   * `too_many_attempts` if too many attempts from the network failed.
   */
  async reset(text: string, next: string, by: Initiator = PROGRAM): Promise<void> {
    const token = OneTimeToken.parse('reset', text);
    const attempt = await this.throttle.beginToken(token?.userId ?? null, by.ip);
    const owned = token && (await this.#ownerOf(token));
    if (!owned) {
      await attempt.fail();
      return this.#refuse(null, by);
    }
    const { known, found } = owned;
    const { id, login } = known.account;
    const taskOwner = ownerOf(by, login);
    await this.#policy.check(next, this.accounts.namesOf(known.user), '/new_password', taskOwner);
    for (const hash of [known.credential.passwordHash, ...found.revokedHashes])
      if (hash !== null && (await this.hasher.verify(next, hash, taskOwner)))
        throw invalid('/new_password', 'Must differ from the current password.');
    const passwordHash = await this.hasher.hash(next, taskOwner);
    const { version } = known.credential;
    const causes = noticeOf('password_changed', id, this.accounts.addressOf(known.user));
    const changed = await changing(this.mails, this.accounts.store, causes, by, (mails) =>
      this.accounts.replacePassword(id, version, passwordHash, this.clock.now(), mails),
    );
    if (!changed) return this.#refuse(id, by);
    // The token proves who the caller is. A later error does not undo the change.
    const owner = { ...by, actorId: by.actorId ?? id };
    await this.events?.emit({ type: 'password_reset', subjectId: id }, owner);
    await this.listener?.onUserDeactivated(id, 'password_changed', owner);
    await this.#resetFailures(changed.account);
    if (found.mailId !== null) await this.#markVerified(changed, owner);
  }

  /** Who has the token of a mail has read the mail. */
  async #markVerified({ user, account }: KnownUser, by: Initiator): Promise<void> {
    const address = this.accounts.addressOf(user);
    if (address === null || !this.accounts.savesAddresses || this.accounts.isVerified(user)) return;
    await this.accounts.saveAddress(user, address, this.clock.now());
    await this.events?.emit({ type: 'email_verified', subjectId: account.id }, by);
  }

  async #resetFailures({ id, login }: Account): Promise<void> {
    try {
      await this.throttle.reset({ key: emailKey(login), userId: id });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#logger.warn(
        'A password was reset, but the failed attempts of the account could not be deleted. They expire by themselves.',
      );
    }
  }

  /** The user whose token this is; null if the token is not valid. */
  async #ownerOf(
    token: OneTimeToken,
  ): Promise<{ readonly known: KnownUser; readonly found: FoundToken } | null> {
    const found = await this.#tokens.find(token);
    const known = found && (await this.accounts.findById(token.userId));
    if (!known || known.account.disabled) return null;
    return found.isBoundTo(known.credential.version, this.#addressOf(known)) ? { known, found } : null;
  }

  /** What a token is bound to: where mails to the user go, or the login if they go nowhere. */
  #addressOf({ user, account }: KnownUser): string {
    return this.accounts.addressOf(user) ?? account.login;
  }

  async #refuse(subjectId: string | null, by: Initiator): Promise<never> {
    await this.events?.emit({ type: 'password_reset_failed', subjectId }, by);
    throw new DomainError('reset_token_invalid');
  }

  /** Replaces the password by a random one. */
  async #revoke(
    { account, credential }: KnownUser,
    by: Initiator,
  ): Promise<{ known: KnownUser; revokedHash: string | null }> {
    const { id, login } = account;
    const password = randomBytes(32).toString('base64url');
    const passwordHash = await this.hasher.hash(password, ownerOf(by, login));
    const now = this.clock.now();
    const known = await this.accounts.replacePassword(id, credential.version, passwordHash, now);
    // Another request changed the user at the same time. The password that it set must be revoked.
    if (!known) {
      const changed = await this.accounts.findById(id);
      if (!changed) throw new DomainError('not_found');
      return this.#revoke(changed, by);
    }
    await this.listener?.onUserDeactivated(id, 'password_changed', by);
    return { known, revokedHash: credential.passwordHash };
  }
}
