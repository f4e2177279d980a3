import { randomUUID } from 'node:crypto';
import { Injectable, Optional } from '@nestjs/common';
import type { AuditFacts } from '../audit/audit-event.js';
import { type Initiator, PROGRAM } from '../audit/initiator.js';
import { SecurityEvents } from '../audit/security-events.js';
import { Clock } from '../common/clock.js';
import { DomainError, invalid } from '../common/domain-error.js';
import { checkNeeds } from '../common/needs.js';
import type { InputFault } from '../common/problem.js';
import { GuessThrottle } from '../throttle/guess-throttle.js';
import { BuiltInAccounts } from './accounts.js';
import { addressFault } from './email-address.js';
import { ownerOf } from './passwords/fair-queue.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { PasswordPolicy } from './passwords/password-policy.js';
import { AddressChanges } from './mails/address-changes.js';
import { type MailCause, MailQueue, changing, noticeOf } from './mails/mail-queue.js';
import { PasswordsService } from './passwords.service.js';
import { type Credential, NO_PASSWORD, type User, emailKey } from './user.js';
import type { AppRole } from './user-directory.js';
import { ALL_USERS, type UserPage, type UserQuery } from './user-query.js';
import { type UserChanges, UserStore } from './user-store.js';
import { UserListener } from './user-listener.js';
import { UsersOptions, faultOfRole } from './users-options.js';

export interface NewUser {
  readonly email: string;
  readonly password: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** Whether the address is known to be theirs, so that they need not prove it. */
  readonly isVerified?: boolean;
}

@Injectable()
export class UsersService {
  /** The passwords of the users. */
  readonly passwords: PasswordsService;
  readonly #policy: PasswordPolicy;

  constructor(
    @Optional() private readonly store: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly throttle: GuessThrottle,
    private readonly clock: Clock,
    private readonly options: UsersOptions,
    @Optional() private readonly events?: SecurityEvents,
    @Optional() private readonly listener?: UserListener,
    @Optional() private readonly mails?: MailQueue,
    @Optional() private readonly changes?: AddressChanges,
  ) {
    checkNeeds('UsersModule', { UserStore: store });
    const accounts = new BuiltInAccounts(store, options, mails?.options.verification === 'required');
    this.passwords = new PasswordsService(
      accounts,
      hasher,
      throttle,
      clock,
      options,
      events,
      listener,
      undefined,
      undefined,
      mails,
    );
    this.#policy = new PasswordPolicy(options);
  }

  /**
   * Adds a user; `email_taken` if the address has an account. Throws `validation_failed` for a role that the options do not
   * list.
   */
  async create(
    details: NewUser,
    role: AppRole = this.options.newUserRole,
    by: Initiator = PROGRAM,
  ): Promise<User> {
    this.#checkRole(role);
    const { user, passwordHash } = await this.#newCredential(details, role, by);
    if (!(await this.#insert(user, passwordHash, this.#verificationOf(user), by)))
      throw new DomainError('email_taken');
    await this.#record('user_created', user, by, { role });
    return user;
  }

  /** Adds the first user, as administrator, or null if there is a user already. */
  async createFirst(details: NewUser, by: Initiator = PROGRAM): Promise<User | null> {
    const role = this.options.adminRole;
    const { user, passwordHash } = await this.#newCredential(details, role, by);
    const isFirst = await changing(this.mails, this.store, this.#verificationOf(user), by, (mails) =>
      this.store.insertFirst(user, passwordHash, mails),
    );
    if (!isFirst) return null;
    await this.#record('user_created', user, by, { role });
    return user;
  }

  /**
   * Adds a user who chooses the password by the token of a mail, which proves the address, too. If the user was invited before and
   * has not chosen a password, sends the mail again and changes nothing. Throws as `create` does, and `forbidden` if this application
   * sends no mails.
   */
  async invite(
    details: Omit<NewUser, 'password'>,
    role: AppRole = this.options.newUserRole,
    by: Initiator = PROGRAM,
  ): Promise<User> {
    if (!this.mails) throw new DomainError('forbidden');
    this.#checkRole(role);
    const fault = this.addressFault(details.email);
    if (fault !== null) throw invalid('/email', fault);
    const user = this.#newUser(details, role);
    if (await this.#insert(user, NO_PASSWORD, invitationOf(user), by)) {
      await this.#record('user_invited', user, by, { role });
      return user;
    }
    const known = await this.store.findCredential(user.email);
    if (known?.passwordHash !== NO_PASSWORD || known.user.disabled) throw new DomainError('email_taken');
    await this.mails.add(...invitationOf(known.user).map((cause) => this.mails!.of(cause, by)));
    await this.#record('user_invited', known.user, by, { role: known.user.role });
    return known.user;
  }

  /** A sentence that says why a text is no valid address for a user, or null. */
  addressFault(email: string): string | null {
    return this.options.exactEmails ? null : addressFault(email);
  }

  find(id: string): Promise<User | null> {
    return this.store.find(id);
  }

  async findByEmail(email: string): Promise<User | null> {
    return (await this.store.findCredential(email))?.user ?? null;
  }

  /**
   * A page of the users that match. What is left out or undefined is that of `ALL_USERS`. With filters there may be more
   * users although the page is not full: read on until `next` is null.
   */
  list(query: Partial<UserQuery> = {}): Promise<UserPage> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    return this.store.list({ ...ALL_USERS, ...Object.fromEntries(given) });
  }

  count(): Promise<number> {
    return this.store.count();
  }

  /**
   * Changes a user. Throws `not_found` if there is none, `last_admin` if no administrator would be left, `email_taken` if
   * another user has the address, `validation_failed` for a role that the options do not list. Disabling makes all sessions and tokens of the user invalid. Enabling deletes the failed
   * attempts of the account. A new address leaves sessions and tokens valid, and frees the old address.
   */
  async update(id: string, changes: UserChanges, by: Initiator = PROGRAM): Promise<User> {
    if (changes.role !== undefined) this.#checkRole(changes.role);
    const email = changes.email === undefined ? undefined : await this.#newAddress(id, changes.email);
    const { before, after } = await this.#change(id, { ...changes, email }, by);
    if (before.email !== after.email) await this.#record('email_changed', after, by);
    if (before.role !== after.role)
      await this.#record('role_changed', after, by, { from: before.role, to: after.role });
    if (before.disabled !== after.disabled)
      await this.#record(after.disabled ? 'user_disabled' : 'user_enabled', after, by);
    if (changes.disabled === false) await this.throttle.reset({ key: emailKey(after.email), userId: id });
    if (changes.disabled) await this.listener?.onUserDeactivated(id, 'user_disabled', by);
    return after;
  }

  /** Deletes a user with all sessions and tokens. Throws `not_found` and `last_admin` as `update` does. */
  async remove(id: string, by: Initiator = PROGRAM): Promise<void> {
    const removal = await this.store.remove(id, this.options.adminRole);
    if (removal !== 'removed') throw new DomainError(removal);
    await this.#record('user_deleted', { id }, by);
    await this.listener?.onUserDeactivated(id, 'user_deleted', by);
  }

  /** Inserts a user; false if the address is taken, or held for a user who may take it back. */
  async #insert(
    user: User,
    passwordHash: string,
    causes: readonly MailCause[],
    by: Initiator,
  ): Promise<boolean> {
    if (await this.#isHeld(user.email, null)) return false;
    return changing(this.mails, this.store, causes, by, (mails) =>
      this.store.insert(user, passwordHash, mails),
    );
  }

  /** Stores changes. A new address is told to the old one, and has to be proved. */
  async #change(id: string, changes: UserChanges, by: Initiator) {
    const { email } = changes;
    const current = this.mails && email !== undefined ? await this.store.find(id) : null;
    const isNew = current && email !== undefined && emailKey(current.email) !== emailKey(email);
    if (isNew && (await this.#isHeld(email, id))) throw new DomainError('email_taken');
    const causes = isNew
      ? [
          ...noticeOf('address_changed', id, current.email, { otherAddress: email }),
          ...this.#verificationOf({ id, email }),
        ]
      : [];
    const updated = await changing(this.mails, this.store, causes, by, async (mails) => {
      const update = await this.store.update(id, changes, this.clock.now(), this.options.adminRole, mails);
      if (update.outcome !== 'updated') throw new DomainError(update.outcome);
      return update;
    });
    // What the user had asked for does not undo the change of an administrator.
    if (isNew) await this.changes?.end(id);
    return updated;
  }

  /** Whether an address is held for another user, who may take it back. */
  async #isHeld(email: string, userId: string | null): Promise<boolean> {
    return (await this.changes?.isHeld(email, userId, (id) => this.store.find(id))) ?? false;
  }

  /** The mail by which a user proves the address; none if users are not asked. */
  #verificationOf({
    id,
    email,
    emailVerifiedAt = null,
  }: Pick<User, 'id' | 'email'> & Partial<User>): MailCause[] {
    const isAsked = this.mails && this.mails.options.verification !== 'off' && emailVerifiedAt === null;
    return isAsked ? noticeOf('verify_email', id, email) : [];
  }

  #checkRole(role: string): void {
    const fault = faultOfRole(role, this.options);
    if (fault !== null) throw invalid('/role', fault);
  }

  async #record(
    type: AuditFacts['type'],
    { id: subjectId }: Pick<User, 'id'>,
    by: Initiator,
    details: AuditFacts['details'] = {},
  ): Promise<void> {
    await this.events?.emit({ type, subjectId, details }, by);
  }

  async #newCredential(details: NewUser, role: string, by: Initiator): Promise<Credential> {
    const owner = ownerOf(by, null);
    const faults = [
      { pointer: '/email', detail: this.addressFault(details.email) },
      { pointer: '/password', detail: await this.#policy.faultOf(details.password, details, owner) },
    ].filter((fault): fault is InputFault => fault.detail !== null);
    if (faults.length > 0) throw new DomainError('validation_failed', { faults });
    const passwordHash = await this.hasher.hash(details.password, owner);
    return { user: this.#newUser(details, role), passwordHash };
  }

  #newUser(
    { email, firstName, lastName, isVerified = false }: Omit<NewUser, 'password'>,
    role: string,
  ): User {
    const now = this.clock.now();
    return {
      id: randomUUID(),
      email: this.#kept(email),
      emailVerifiedAt: isVerified ? now : null,
      firstName,
      lastName,
      role,
      disabled: false,
      credentialVersion: 1,
      createdAt: now,
      updatedAt: now,
    };
  }

  /** A new address of a user, as it is stored. The current address of the user is always valid. */
  async #newAddress(id: string, given: string): Promise<string> {
    const email = this.#kept(given);
    const fault = this.addressFault(email);
    if (fault === null || (await this.store.find(id))?.email === email) return email;
    throw invalid('/email', fault);
  }

  /** An address as it is stored. */
  #kept(email: string): string {
    return this.options.exactEmails ? email : email.trim().normalize('NFC');
  }
}

function invitationOf({ id, email, credentialVersion }: User): MailCause[] {
  return noticeOf('invitation', id, email, { credentialVersion });
}
