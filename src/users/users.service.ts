import { randomUUID } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import type { AuditFacts } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import { Clock } from '../common/clock.js';
import { DomainError, invalid } from '../common/domain-error.js';
import type { InputFault } from '../common/problem.js';
import type { Requester } from '../common/requester.js';
import { type SignInSource, GuessThrottle } from '../throttle/guess-throttle.js';
import { addressFault } from './email-address.js';
import { ownerOf } from './passwords/fair-queue.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { type PasswordOwner, PasswordPolicy, isOverlong } from './passwords/password-policy.js';
import { RecentProofs } from './passwords/recent-proofs.js';
import { type Credential, type Role, type User, emailKey } from './user.js';
import { type UserChanges, type UserPosition, UserStore } from './user-store.js';
import { UserListener } from './user-listener.js';
import { UsersOptions } from './users-options.js';

export interface NewUser {
  readonly email: string;
  readonly password: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
}

/** Where an attempt at a password comes from. */
export interface PasswordSource extends SignInSource, Requester {}

export type Verification =
  | {
      readonly outcome: 'verified';
      readonly user: User;
      /** Set if no hash was computed, because the credential was verified recently. */
      readonly isKnown?: true;
    }
  | {
      readonly outcome: 'unknown_email' | 'wrong_password' | 'throttled';
      /** The user whose password was tried, for the audit trail only. */
      readonly user?: User;
    };

@Injectable()
export class UsersService {
  readonly #proofs = new RecentProofs();
  readonly #policy: PasswordPolicy;

  constructor(
    private readonly store: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly throttle: GuessThrottle,
    private readonly clock: Clock,
    private readonly options: UsersOptions,
    @Optional() private readonly trail?: AuditTrail,
    @Optional() private readonly listener?: UserListener,
  ) {
    this.#policy = new PasswordPolicy(options);
  }

  /** Adds a user; `email_taken` if the address has an account. */
  async create(details: NewUser, role: Role, by: Initiator = PROGRAM): Promise<User> {
    const { user, passwordHash } = await this.#newCredential(details, role, by);
    if (!(await this.store.insert(user, passwordHash))) throw new DomainError('email_taken');
    await this.#tell('user_created', user, by, { role });
    return user;
  }

  /** Adds the first user, as administrator, or null if there is a user already. */
  async createFirst(details: NewUser, by: Initiator = PROGRAM): Promise<User | null> {
    const { user, passwordHash } = await this.#newCredential(details, 'admin', by);
    if (!(await this.store.insertFirst(user, passwordHash))) return null;
    await this.#tell('user_created', user, by, { role: 'admin' });
    return user;
  }

  /**
   * Verifies e-mail and password. Takes the time of one hash whether the account exists or not. The password of a disabled
   * user is wrong, and so is any password while the account is throttled. Throws `too_many_attempts` if too many attempts
   * from the network failed.
   */
  async verify(email: string, password: string, source: PasswordSource): Promise<Verification> {
    if (isOverlong(password)) return { outcome: 'wrong_password' };
    const found = await this.store.findCredential(email);
    const credential = found && this.#isAddressOf(found.user, email) ? found : null;
    const account = { key: emailKey(email), userId: credential?.user.id ?? null };
    const attempt = await this.throttle.begin(account, source);
    const isUsable = credential !== null && !credential.user.disabled;
    const hash = isUsable ? credential.passwordHash : this.hasher.dummyHash();
    const isRight = await this.hasher.verify(password, hash, ownerOf(source, email));
    const counts = await attempt.record(isRight);
    if (!credential) return { outcome: 'unknown_email' };
    if (!counts) return { outcome: 'throttled', user: credential.user };
    if (!isRight) return { outcome: 'wrong_password', user: credential.user };
    await this.#upgradeHash(credential, password, source);
    return { outcome: 'verified', user: credential.user };
  }

  /**
   * As `verify`, but a credential that was verified within the last quarter of an hour is known again without a hash. It
   * counts only for the user as they are now: a disabling, or a change of password or address, holds at once.
   */
  async recognize(email: string, password: string, source: PasswordSource): Promise<Verification> {
    const now = this.clock.now();
    const proof = this.#proofs.of(email, password, now);
    const user = proof && (await this.store.find(proof.userId));
    const isAsProven = user && !user.disabled && user.credentialVersion === proof.credentialVersion;
    if (isAsProven && this.#isAddressOf(user, email)) return { outcome: 'verified', user, isKnown: true };
    const verification = await this.verify(email, password, source);
    if (verification.outcome === 'verified') this.#proofs.note(email, password, verification.user, now);
    return verification;
  }

  /** A sentence that says why a text is no address for a user, or null. */
  addressFault(email: string): string | null {
    return this.options.exactEmails ? null : addressFault(email);
  }

  /**
   * A sentence that says why a password is refused, or null. The service for breached passwords is not asked.
   * Null also where too many passwords are being checked: what sets the password checks it again.
   */
  async passwordFault(password: string, owner: PasswordOwner): Promise<string | null> {
    try {
      return await this.#policy.localFaultOf(password, owner, ownerOf(PROGRAM, null));
    } catch (error) {
      if (error instanceof DomainError) return null;
      throw error;
    }
  }

  find(id: string): Promise<User | null> {
    return this.store.find(id);
  }

  async findByEmail(email: string): Promise<User | null> {
    return (await this.store.findCredential(email))?.user ?? null;
  }

  list(limit: number, after: UserPosition | null): Promise<User[]> {
    return this.store.list(limit, after);
  }

  count(): Promise<number> {
    return this.store.count();
  }

  /**
   * Changes a user; `not_found` if there is none, `last_admin` if no administrator would be left, `email_taken` if the
   * address is another's. Disabling makes all sessions and tokens of the user invalid. Enabling deletes the failed attempts
   * of the account. A new address leaves sessions and tokens valid, and frees the old address.
   */
  async update(id: string, changes: UserChanges, by: Initiator = PROGRAM): Promise<User> {
    const email = changes.email === undefined ? undefined : await this.#newAddress(id, changes.email);
    const update = await this.store.update(id, { ...changes, email }, this.clock.now());
    if (update.outcome !== 'updated') throw new DomainError(update.outcome);
    const { before, after } = update;
    if (before.email !== after.email) await this.#tell('email_changed', after, by);
    if (before.role !== after.role)
      await this.#tell('role_changed', after, by, { from: before.role, to: after.role });
    if (before.disabled !== after.disabled)
      await this.#tell(after.disabled ? 'user_disabled' : 'user_enabled', after, by);
    if (changes.disabled === false) await this.throttle.reset({ key: emailKey(after.email), userId: id });
    if (changes.disabled) await this.listener?.onUserDeactivated(id, 'user_disabled', by);
    return after;
  }

  /** Replaces a password that the user knows. All sessions and tokens of the old one become invalid. */
  async changePassword(
    user: User,
    current: string,
    next: string,
    source: PasswordSource,
    by: Initiator = PROGRAM,
  ): Promise<User> {
    await this.#policy.check(next, user, '/new_password', ownerOf(by, user.email));
    if (next.normalize('NFC') === current.normalize('NFC'))
      throw invalid('/new_password', 'Must differ from the current password.');
    const changed = await this.#replacePassword(user, current, next, source);
    await this.#tell(changed ? 'password_changed' : 'password_change_failed', user, by);
    if (!changed) throw new DomainError('current_password_wrong');
    return changed;
  }

  /** As `changePassword` without the current password. The caller must have checked that it was confirmed recently. */
  async setPassword(user: User, next: string, by: Initiator = PROGRAM): Promise<User> {
    const owner = ownerOf(by, user.email);
    await this.#policy.check(next, user, '/new_password', owner);
    const { id, credentialVersion } = user;
    const credential = await this.store.findCredential(user.email);
    if (credential?.user.id !== id || credential.user.credentialVersion !== credentialVersion)
      throw new DomainError('credentials_invalid');
    if (await this.hasher.verify(next, credential.passwordHash, owner))
      throw invalid('/new_password', 'Must differ from the current password.');
    const hash = await this.hasher.hash(next, owner);
    const changed = await this.store.replacePassword(id, credentialVersion, hash, this.clock.now());
    if (!changed) throw new DomainError('credentials_invalid');
    await this.#tell('password_changed', user, by);
    return changed;
  }

  /** Deletes a user with all sessions and tokens. Throws `not_found` and `last_admin` as `update` does. */
  async remove(id: string, by: Initiator = PROGRAM): Promise<void> {
    const removal = await this.store.remove(id);
    if (removal !== 'removed') throw new DomainError(removal);
    await this.#tell('user_deleted', { id }, by);
    await this.listener?.onUserDeactivated(id, 'user_deleted', by);
  }

  /** Null where the password is wrong, or another change was faster; the address may be another's by now. */
  async #replacePassword(
    { id, email }: User,
    current: string,
    next: string,
    source: PasswordSource,
  ): Promise<User | null> {
    const verification = await this.verify(email, current, source);
    if (verification.outcome !== 'verified' || verification.user.id !== id) return null;
    const { credentialVersion } = verification.user;
    const hash = await this.hasher.hash(next, ownerOf(source, email));
    return this.store.replacePassword(id, credentialVersion, hash, this.clock.now());
  }

  async #tell(
    type: AuditFacts['type'],
    { id: subjectId }: Pick<User, 'id'>,
    by: Initiator,
    details: AuditFacts['details'] = {},
  ): Promise<void> {
    await this.trail?.record({ type, subjectId, details }, by);
  }

  async #newCredential(details: NewUser, role: Role, by: Initiator): Promise<Credential> {
    const owner = ownerOf(by, null);
    const faults = [
      { pointer: '/email', detail: this.addressFault(details.email) },
      { pointer: '/password', detail: await this.#policy.faultOf(details.password, details, owner) },
    ].filter((fault): fault is InputFault => fault.detail !== null);
    if (faults.length > 0) throw new DomainError('validation_failed', { faults });
    const passwordHash = await this.hasher.hash(details.password, owner);
    const now = this.clock.now();
    const user: User = {
      id: randomUUID(),
      email: this.#kept(details.email),
      firstName: details.firstName,
      lastName: details.lastName,
      role,
      disabled: false,
      credentialVersion: 1,
      createdAt: now,
      updatedAt: now,
    };
    return { user, passwordHash };
  }

  /** The address of a user that is to be changed, as it is kept; the one that they have breaks no rule. */
  async #newAddress(id: string, given: string): Promise<string> {
    const email = this.#kept(given);
    const fault = this.addressFault(email);
    if (fault === null || (await this.store.find(id))?.email === email) return email;
    throw invalid('/email', fault);
  }

  /** An address as it is kept. */
  #kept(email: string): string {
    return this.options.exactEmails ? email : email.trim().normalize('NFC');
  }

  #isAddressOf(user: User, email: string): boolean {
    return this.options.exactEmails ? user.email === email : emailKey(user.email) === emailKey(email);
  }

  async #upgradeHash(
    { user, passwordHash }: Credential,
    password: string,
    source: PasswordSource,
  ): Promise<void> {
    if (!this.hasher.isOutdated(passwordHash)) return;
    const upgraded = await this.hasher.hash(password, ownerOf(source, user.email));
    await this.store.upgradeHash(user.id, passwordHash, upgraded);
  }
}
