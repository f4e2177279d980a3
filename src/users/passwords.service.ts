import { Logger, UnauthorizedException } from '@nestjs/common';
import type { AuditType } from '../audit/audit-event.js';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import type { SecurityEvents } from '../audit/security-events.js';
import { BoundedCalls, USUAL_TIMEOUT } from '../common/bounded-calls.js';
import type { Clock } from '../common/clock.js';
import { DomainError, StoreUnavailableError, invalid } from '../common/domain-error.js';
import type { Requester } from '../common/requester.js';
import type { GuessThrottle, SignInSource } from '../throttle/guess-throttle.js';
import { type Accounts, type KnownUser, identityIn } from './accounts.js';
import type { CredentialVerifier } from './credential-verifier.js';
import type { Identity } from './identity.js';
import { ownerOf } from './passwords/fair-queue.js';
import type { PasswordHasher } from './passwords/password-hasher.js';
import { type PasswordOwner, PasswordPolicy, isOverlong } from './passwords/password-policy.js';
import { RecentProofs } from './passwords/recent-proofs.js';
import { emailKey } from './user.js';
import type { Account, AppUser } from './user-directory.js';
import { type MailQueue, changing, noticeOf } from './mails/mail-queue.js';
import type { UserListener } from './user-listener.js';
import type { UsersOptions } from './users-options.js';

/** How long a credential that was compared with a stored hash is remembered, in milliseconds. */
const KNOWN_FOR = 15 * 60_000;

/** The same for a verifier of the application, whose changes are noticed only when it is asked. */
const VERIFIER_KNOWN_FOR = 60_000;

/** Where an attempt at a password comes from. */
export interface PasswordSource extends SignInSource, Requester {}

export type Verification<U extends object = AppUser> =
  | (Identity<U> & {
      readonly outcome: 'verified';
      /** Set if no hash was computed because the credential was verified recently. */
      readonly isKnown?: true;
    })
  | {
      readonly outcome: 'unknown_email' | 'wrong_password' | 'throttled';
      /** The user whose password was tried, for the audit trail only. */
      readonly account?: Account;
    };

/** Verifies and changes the passwords of the users of a directory. */
export class PasswordsService<U extends object = AppUser> {
  readonly #logger = new Logger('Passwords');
  readonly #proofs: RecentProofs;
  readonly #verifications: BoundedCalls;
  readonly #policy: PasswordPolicy;

  constructor(
    readonly accounts: Accounts<U>,
    private readonly hasher: PasswordHasher,
    private readonly throttle: GuessThrottle,
    private readonly clock: Clock,
    private readonly options: UsersOptions,
    private readonly events?: SecurityEvents,
    private readonly listener?: UserListener,
    private readonly verifier?: CredentialVerifier<U>,
    timeout = USUAL_TIMEOUT,
    private readonly mails?: MailQueue,
  ) {
    this.#proofs = new RecentProofs(verifier ? VERIFIER_KNOWN_FOR : KNOWN_FOR);
    this.#verifications = new BoundedCalls(timeout);
    this.#policy = new PasswordPolicy(options);
  }

  /**
   * Verifies a login and a password. Takes the time of one hash whether the account exists or not. The password of a disabled
   * user is wrong, and so is any password while the account is throttled, and what is no text. Throws `too_many_attempts` if too many attempts
   * from the network failed.
   */
  async verify(login: string, password: string, source: PasswordSource): Promise<Verification<U>> {
    return (await this.#verify(login, password, source)).verification;
  }

  /**
   * Like `verify`, but a credential that was verified within the last 15 minutes, or by a verifier of the application within the last
   * minute, is accepted without another verification. If the user was disabled, or the credential version, the stored hash or
   * the login changed in the meantime, the credential is verified again.
   */
  async recognize(login: string, password: string, source: PasswordSource): Promise<Verification<U>> {
    const now = this.clock.now();
    const proof = this.#proofs.of(login, password, now);
    const known = proof && (await this.accounts.findByLogin(login));
    const isAsProven =
      known &&
      known.account.id === proof.userId &&
      known.credential.version === proof.credentialVersion &&
      known.credential.passwordHash === proof.passwordHash;
    if (isAsProven && !known.account.disabled)
      return { outcome: 'verified', ...identityIn(known), isKnown: true };
    const { verification, passwordHash } = await this.#verify(login, password, source);
    if (verification.outcome === 'verified') {
      const { account, credentialVersion } = verification;
      this.#proofs.note(login, password, { userId: account.id, credentialVersion, passwordHash }, now);
    }
    return verification;
  }

  /**
   * A sentence that says why a password is refused, or null. Does not query the service for breached passwords. Also null if
   * too many passwords are being checked; setting the password checks it again.
   */
  async passwordFault(password: string, owner: PasswordOwner): Promise<string | null> {
    try {
      return await this.#policy.localFaultOf(password, owner, ownerOf(PROGRAM, null));
    } catch (error) {
      if (error instanceof DomainError) return null;
      throw error;
    }
  }

  /** Changes the password if `current` is right. All sessions and tokens of the user become invalid. */
  async change(
    { user, account }: Identity<U>,
    current: string,
    next: string,
    source: PasswordSource,
    by: Initiator = PROGRAM,
  ): Promise<Identity<U>> {
    this.#checkMayChange();
    const { id, login } = account;
    await this.#policy.check(next, this.accounts.namesOf(user), '/new_password', ownerOf(by, login));
    if (isText(current) && next.normalize('NFC') === current.normalize('NFC'))
      throw invalid('/new_password', 'Must differ from the current password.');
    const verification = await this.verify(login, current, source);
    // The login may belong to another user in the meantime.
    const isRight = verification.outcome === 'verified' && verification.account.id === id;
    const changed = isRight
      ? await this.#replace(verification, await this.hasher.hash(next, ownerOf(by, login)), by)
      : null;
    await this.#record(changed ? 'password_changed' : 'password_change_failed', id, by);
    if (!changed) throw new DomainError('current_password_wrong');
    return changed;
  }

  /** Like `change` without the current password. The caller must check that it was confirmed recently. */
  async set(
    { user, account, credentialVersion }: Identity<U>,
    next: string,
    by: Initiator = PROGRAM,
  ): Promise<Identity<U>> {
    this.#checkMayChange();
    const { id, login } = account;
    const owner = ownerOf(by, login);
    await this.#policy.check(next, this.accounts.namesOf(user), '/new_password', owner);
    const known = await this.accounts.findById(id);
    if (known?.credential.version !== credentialVersion) throw new DomainError('credentials_invalid');
    const { passwordHash } = known.credential;
    if (passwordHash !== null && (await this.hasher.verify(next, passwordHash, owner)))
      throw invalid('/new_password', 'Must differ from the current password.');
    const hash = await this.hasher.hash(next, owner);
    const changed = await this.#replace({ user, account, credentialVersion }, hash, by);
    if (!changed) throw new DomainError('credentials_invalid');
    await this.#record('password_changed', id, by);
    return changed;
  }

  /** Ends all sessions and tokens of a user, because the application has disabled the user. */
  async revoke(id: string, by: Initiator = PROGRAM): Promise<void> {
    await this.accounts.revoke(id, this.clock.now());
    await this.#record('user_disabled', id, by);
    await this.listener?.onUserDeactivated(id, 'user_disabled', by);
  }

  /** The result, and the hash that is stored now. */
  async #verify(
    login: string,
    password: string,
    source: PasswordSource,
  ): Promise<{ readonly verification: Verification<U>; readonly passwordHash: string | null }> {
    const of = (verification: Verification<U>, passwordHash: string | null = null) => ({
      verification,
      passwordHash,
    });
    if (!isText(login) || !isText(password) || isOverlong(password)) return of({ outcome: 'wrong_password' });
    const known = await this.accounts.findByLogin(login);
    const account = { key: emailKey(login), userId: known?.account.id ?? null };
    const attempt = await this.throttle.begin(account, source);
    const found = await (this.verifier
      ? this.#ask(this.verifier, login, password, known, source)
      : this.#check(login, password, known, source));
    const counts = await attempt.record(found !== null);
    if (!known && !found) return of({ outcome: 'unknown_email' });
    if (!counts) return of({ outcome: 'throttled', account: (known ?? found)?.account });
    if (!found) return of({ outcome: 'wrong_password', account: known?.account });
    const stored = known?.credential.passwordHash ?? null;
    const passwordHash = known && !this.verifier ? await this.#upgradeHash(known, password, source) : stored;
    return of({ outcome: 'verified', ...found }, passwordHash);
  }

  /** A verifier of the application does not read our hashes, so a new one would change nothing. */
  #checkMayChange(): void {
    if (this.verifier) throw new DomainError('forbidden');
  }

  /** Compares a password with the stored hash, or with one that no password matches. */
  async #check(
    login: string,
    password: string,
    known: KnownUser<U> | null,
    source: PasswordSource,
  ): Promise<Identity<U> | null> {
    const usable = known && !known.account.disabled ? known.credential.passwordHash : null;
    const hash = usable ?? this.hasher.dummyHash();
    return (await this.hasher.verify(password, hash, ownerOf(source, login))) && known
      ? identityIn(known)
      : null;
  }

  /** Asks the verifier of the application. */
  async #ask(
    verifier: CredentialVerifier<U>,
    login: string,
    password: string,
    known: KnownUser<U> | null,
    { ip }: PasswordSource,
  ): Promise<Identity<U> | null> {
    try {
      const attempt = { login, password, user: known?.user ?? null, ip };
      const user = await this.#verifications.run(async () => verifier.verify(attempt));
      const found = user && (await this.accounts.identify(user));
      if (found && known && found.account.id !== known.account.id)
        throw new Error('It returned another user than that of the login.');
      if (!found || found.account.disabled) return null;
      // The version before the verification: a user who is deactivated in the meantime gets no valid session.
      return known ? { ...found, credentialVersion: known.credential.version } : found;
    } catch (error) {
      // Many applications throw this for a wrong password, which must count as a failed attempt.
      if (error instanceof UnauthorizedException) return null;
      if (error instanceof DomainError && !(error instanceof StoreUnavailableError)) throw error;
      const cause: unknown = error instanceof StoreUnavailableError ? error.cause : error;
      this.#logger.error(`${verifier.constructor.name} failed.`, Object(cause).stack ?? String(cause));
      throw new StoreUnavailableError(error);
    }
  }

  /** Replaces the hash, and tells the owner of the account by mail in the same step. */
  async #replace(
    { user, account, credentialVersion }: Identity<U>,
    hash: string,
    by: Initiator,
  ): Promise<Identity<U> | null> {
    const causes = noticeOf('password_changed', account.id, this.accounts.addressOf(user));
    const changed = await changing(this.mails, this.accounts.store, causes, by, (mails) =>
      this.accounts.replacePassword(account.id, credentialVersion, hash, this.clock.now(), mails),
    );
    return changed && identityIn(changed);
  }

  /** Replaces an outdated hash. Returns the one that is stored now. */
  async #upgradeHash(known: KnownUser<U>, password: string, source: PasswordSource): Promise<string | null> {
    const { passwordHash } = known.credential;
    if (passwordHash === null || !this.options.rehashPasswords || !this.hasher.isOutdated(passwordHash))
      return passwordHash;
    const upgraded = await this.hasher.hash(password, ownerOf(source, known.account.login));
    const isStored = await this.accounts.upgradeHash(known, upgraded, this.clock.now());
    return isStored ? upgraded : passwordHash;
  }

  async #record(type: AuditType, subjectId: string, by: Initiator): Promise<void> {
    await this.events?.emit({ type, subjectId }, by);
  }
}

/** False for what a handler has passed on from a body that it did not check. */
function isText(value: unknown): boolean {
  return typeof value === 'string';
}
