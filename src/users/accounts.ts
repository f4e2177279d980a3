/* oxlint-disable typescript/no-unnecessary-type-arguments -- In an application with a type of its own, the default is not `User`. */
import { Logger } from '@nestjs/common';
import { isEmail } from 'class-validator';
import { BoundedCalls, USUAL_TIMEOUT } from '../common/bounded-calls.js';
import { DomainError, StoreUnavailableError } from '../common/domain-error.js';
import { BuiltInDirectory } from './built-in-directory.js';
import { type CredentialStore, FIRST_VERSION, type StoredCredential } from './credential-store.js';
import type { OutboxMail } from '../mail/outbox-mail.js';
import { type Identity, identityOf } from './identity.js';
import type { PasswordOwner } from './passwords/password-policy.js';
import { type AddressRule, type Credential, type User, isAddressOf, NO_PASSWORD } from './user.js';
import type { Account, AppUser, UserDirectory } from './user-directory.js';
import type { UserStore } from './user-store.js';

/** A user with what sign-in needs. */
export interface KnownUser<U extends object = AppUser> {
  readonly user: U;
  readonly account: Account;
  readonly credential: StoredCredential;
}

/** What authentication knows of a user, without the hash. */
export function identityIn<U extends object>({ user, account, credential }: KnownUser<U>): Identity<U> {
  return { user, account, credentialVersion: credential.version };
}

/** Users and their credentials, as sign-in needs them. Queries our stores once in each call. */
export abstract class Accounts<U extends object = AppUser> {
  /** Whether the users are those of our own `UserStore`. */
  abstract readonly isBuiltIn: boolean;
  /** The store of the credentials. */
  abstract readonly store: object;
  /** What authentication knows of a user object, which the application has found in its own way. */
  abstract identify(user: U): Promise<Identity<U>>;
  /** The words of a user that a new password must not consist of. */
  abstract namesOf(user: U): PasswordOwner;
  /** Where mails to the user go; null for nowhere. */
  abstract addressOf(user: U): string | null;
  /** Whether the user has proved that the address is theirs. */
  abstract isVerified(user: U): boolean;
  /** Whether the user must prove the address before they may sign in. */
  abstract mustVerify(user: U): boolean;
  /** What stores the addresses. */
  abstract readonly addressStore: object;
  /** Whether addresses can be verified and changed. */
  abstract readonly savesAddresses: boolean;
  /** Stores an address that the user has proved, the current or a new one. Returns the user; `taken` if another user has it. */
  abstract saveAddress(
    user: U,
    email: string,
    now: Date,
    mails?: readonly OutboxMail[],
  ): Promise<'saved' | 'taken' | 'not_found'>;
  abstract findById(id: string): Promise<KnownUser<U> | null>;
  abstract findByLogin(login: string): Promise<KnownUser<U> | null>;
  /** Sets a hash and raises the credential version if it is still `version`; null otherwise. */
  abstract replacePassword(
    id: string,
    version: number,
    hash: string,
    now: Date,
    mails?: readonly OutboxMail[],
  ): Promise<KnownUser<U> | null>;
  /** Sets another hash of the same password, also in place of a hash of an existing system; false if the password changed. */
  abstract upgradeHash(known: KnownUser<U>, to: string, now: Date): Promise<boolean>;
  /** Raises the credential version, so that all sessions and tokens of the user are invalid. Returns the new version. */
  abstract revoke(id: string, now: Date): Promise<number>;
}

/** The users of a `UserStore`, which keeps each user and their credential in one place. */
export class BuiltInAccounts extends Accounts<User> {
  readonly isBuiltIn = true;
  readonly #directory: BuiltInDirectory;

  constructor(
    private readonly users: UserStore,
    private readonly rule: AddressRule,
    private readonly requiresVerification = false,
  ) {
    super();
    this.#directory = new BuiltInDirectory(users, rule);
  }

  async identify(user: User): Promise<Identity<User>> {
    return identityOf(user);
  }

  get store(): object {
    return this.users;
  }

  get addressStore(): object {
    return this.users;
  }

  readonly savesAddresses = true;

  namesOf(user: User): PasswordOwner {
    return user;
  }

  addressOf(user: User): string {
    return user.email;
  }

  isVerified(user: User): boolean {
    return this.#directory.isEmailVerified(user);
  }

  mustVerify(user: User): boolean {
    return this.requiresVerification && !this.isVerified(user);
  }

  async saveAddress(
    user: User,
    email: string,
    now: Date,
    mails: readonly OutboxMail[] = [],
  ): Promise<'saved' | 'taken' | 'not_found'> {
    // The proof of an address does not undo a change that another request makes at the same time.
    const changes = { ...(email !== user.email && { email }), emailVerifiedAt: now };
    const { outcome } = await this.users.update(user.id, changes, now, undefined, mails);
    if (outcome === 'updated') return 'saved';
    return outcome === 'email_taken' ? 'taken' : 'not_found';
  }

  async findById(id: string): Promise<KnownUser<User> | null> {
    const found = await this.users.findCredentialById(id);
    return found && this.#known(found);
  }

  async findByLogin(login: string): Promise<KnownUser<User> | null> {
    const found = await this.users.findCredential(login);
    return found && isAddressOf(found.user, login, this.rule) ? this.#known(found) : null;
  }

  async replacePassword(
    id: string,
    version: number,
    hash: string,
    now: Date,
    mails?: readonly OutboxMail[],
  ): Promise<KnownUser<User> | null> {
    const user = await this.users.replacePassword(id, version, hash, now, mails);
    return user && this.#known({ user, passwordHash: hash });
  }

  async upgradeHash({ account, credential }: KnownUser<User>, to: string): Promise<boolean> {
    const { passwordHash } = credential;
    return passwordHash !== null && this.users.upgradeHash(account.id, passwordHash, to);
  }

  /** Throws `not_found` if there is no such user. */
  async revoke(id: string, now: Date): Promise<number> {
    const user = await this.users.revoke(id, now);
    if (!user) throw new DomainError('not_found');
    return user.credentialVersion;
  }

  #known({ user, passwordHash }: Credential): KnownUser<User> {
    const credential = {
      passwordHash: passwordHash === NO_PASSWORD ? null : passwordHash,
      version: user.credentialVersion,
    };
    return { user, account: this.#directory.account(user), credential };
  }
}

/** The users of an application's own directory, with their credentials in a `CredentialStore`. */
export class DirectoryAccounts<U extends object = AppUser> extends Accounts<U> {
  readonly isBuiltIn = false;
  readonly #logger = new Logger('UserDirectory');
  readonly #calls: BoundedCalls;

  constructor(
    private readonly directory: UserDirectory<U>,
    private readonly credentials: CredentialStore,
    timeout = USUAL_TIMEOUT,
    private readonly requiresVerification = false,
  ) {
    super();
    this.#calls = new BoundedCalls(timeout);
  }

  async identify(user: U): Promise<Identity<U>> {
    const account = this.#accountOf(user);
    const stored = await this.credentials.find(account.id);
    return { user, account, credentialVersion: stored?.version ?? FIRST_VERSION };
  }

  get store(): object {
    return this.credentials;
  }

  get addressStore(): object {
    return this.directory;
  }

  get savesAddresses(): boolean {
    return this.directory.saveEmail !== undefined;
  }

  namesOf(user: U): PasswordOwner {
    return { email: this.#accountOf(user).login, firstName: null, lastName: null };
  }

  addressOf(user: U): string | null {
    const { login } = this.#accountOf(user);
    const address: unknown = this.directory.email ? this.#call((directory) => directory.email!(user)) : login;
    return typeof address === 'string' && isEmail(address) ? address : null;
  }

  isVerified(user: U): boolean {
    return this.#call((directory) => directory.isEmailVerified?.(user)) === true;
  }

  mustVerify(user: U): boolean {
    return this.requiresVerification && !this.isVerified(user);
  }

  /** The table of the application is no store of ours, so the mails are added afterwards. */
  async saveAddress(user: U, email: string): Promise<'saved' | 'taken' | 'not_found'> {
    const isSaved: unknown = await this.#ask((directory) => directory.saveEmail!(user, email));
    return isSaved === true ? 'saved' : 'taken';
  }

  /** The user of an id, whose credential version is known already. */
  async findIdentity(id: string, credentialVersion: number): Promise<Identity<U> | null> {
    const found = await this.#findById(id);
    return found && { ...found, credentialVersion };
  }

  async findById(id: string): Promise<KnownUser<U> | null> {
    const found = await this.#findById(id);
    return found && this.#withCredential(found);
  }

  async findByLogin(login: string): Promise<KnownUser<U> | null> {
    const user = await this.#ask((directory) => directory.findByLogin(login));
    return user ? this.#withCredential({ user, account: this.#accountOf(user) }) : null;
  }

  /** Finds the user first, so that a directory that cannot answer leaves the password as it is. */
  async replacePassword(
    id: string,
    version: number,
    hash: string,
    now: Date,
    mails?: readonly OutboxMail[],
  ): Promise<KnownUser<U> | null> {
    const found = await this.#findById(id);
    const credential = found && (await this.credentials.replace(id, version, hash, now, mails));
    return credential && { ...found, credential };
  }

  async upgradeHash({ user, account, credential }: KnownUser<U>, to: string, now: Date): Promise<boolean> {
    const { passwordHash } = credential;
    if (passwordHash === null) return false;
    const isLegacy = passwordHash === this.#legacyHashOf(user);
    if (isLegacy && (await this.credentials.adopt(account.id, to, now))) return true;
    return this.credentials.upgradeHash(account.id, passwordHash, to);
  }

  /** Does not ask the directory, so that a user whom the application has deleted can be revoked, too. */
  revoke(id: string, now: Date): Promise<number> {
    return this.credentials.revoke(id, now);
  }

  async #findById(id: string): Promise<Omit<KnownUser<U>, 'credential'> | null> {
    const user = await this.#ask((directory) => directory.findById(id));
    if (!user) return null;
    const account = this.#accountOf(user);
    if (account.id === id) return { user, account };
    throw new Error(
      `${this.#name}.findById(${JSON.stringify(id)}) found another user: account() gives the id ${JSON.stringify(account.id)}. Return null unless the ids are equal.`,
    );
  }

  /** A stored hash wins over that of an existing system, which is an old one then. */
  async #withCredential({ user, account }: Omit<KnownUser<U>, 'credential'>): Promise<KnownUser<U>> {
    const stored = await this.credentials.find(account.id);
    const passwordHash = stored?.passwordHash ?? this.#legacyHashOf(user);
    return { user, account, credential: { passwordHash, version: stored?.version ?? FIRST_VERSION } };
  }

  #accountOf(user: U): Account {
    const account = this.#call((directory) => directory.account(user));
    const fault = faultOf(account);
    if (fault === null) return account;
    throw new Error(`${this.#name}.account() gives a wrong value: ${fault}.`);
  }

  /** Null also for an empty text, with which some systems mark users who have no password. */
  #legacyHashOf(user: U): string | null {
    const hash: unknown = this.#call((directory) => directory.legacyHash?.(user)) ?? '';
    if (typeof hash !== 'string')
      throw new Error(`${this.#name}.legacyHash() must give a text or null, and gives ${typeNameOf(hash)}.`);
    return hash || null;
  }

  async #ask<T>(question: (directory: UserDirectory<U>) => Promise<T | null>): Promise<T | null> {
    try {
      // ORMs give undefined, too.
      return (await this.#calls.run(async () => question(this.directory))) ?? null;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #call<T>(question: (directory: UserDirectory<U>) => T): T {
    try {
      return question(this.directory);
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #refuse(error: unknown): never {
    if (error instanceof DomainError && !(error instanceof StoreUnavailableError)) throw error;
    const cause = error instanceof StoreUnavailableError ? error.cause : error;
    this.#logger.error(`${this.#name} failed.`, cause instanceof Error ? cause.stack : String(cause));
    throw new StoreUnavailableError(error);
  }

  get #name(): string {
    return this.directory.constructor.name;
  }
}

/** A phrase that says what is wrong with an account, or null. A column that was not selected must not enable a user. */
function faultOf(account: Account): string | null {
  const { id, login, roles, disabled }: Partial<Record<keyof Account, unknown>> = account ?? {};
  if (typeof id !== 'string' || id === '')
    return `id must be a text that is not empty, such as String(user.id), and is ${typeNameOf(id)}`;
  if (typeof login !== 'string') return `login must be a text, and is ${typeNameOf(login)}`;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string'))
    return 'roles must be an array of texts';
  return typeof disabled === 'boolean' ? null : `disabled must be a boolean, and is ${typeNameOf(disabled)}`;
}

/** The name of a class, such as ObjectId, or of a type. */
function typeNameOf(value: unknown): string {
  if (value === null || value === '') return value === null ? 'null' : 'empty';
  return typeof value === 'object' ? value.constructor.name : typeof value;
}
