import type { OutboxMail } from '../mail/outbox-mail.js';
import { ADMIN, type Credential, type User, emailKey } from './user.js';
import type { UserPage, UserQuery } from './user-query.js';

/**
 * Changes of a user without their password. Undefined changes nothing, and null removes a name. Another address (by its
 * `emailKey`) is not verified, unless `emailVerifiedAt` is given with it.
 */
export interface UserChanges {
  readonly email?: string;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly role?: string;
  readonly disabled?: boolean;
  readonly emailVerifiedAt?: Date | null;
}

/** The result of a change: refused for the last enabled administrator (`last_admin`) and for a taken address. */
export type UserUpdate =
  | { readonly outcome: 'updated'; readonly before: User; readonly after: User }
  | { readonly outcome: 'not_found' | 'last_admin' | 'email_taken' };

/** The result of a removal: refused for the last enabled administrator (`last_admin`). */
export type UserRemoval = 'removed' | 'not_found' | 'last_admin';

/** Whether changes demote or disable an administrator. */
export function revokesAdmin({ role, disabled }: UserChanges, adminRole = ADMIN): boolean {
  return (role !== undefined && role !== adminRole) || disabled === true;
}

/** The new `emailVerifiedAt` of a user; undefined if it stays. */
export function verificationAfter(
  user: User,
  { email, emailVerifiedAt }: UserChanges,
): Date | null | undefined {
  const isOther = email !== undefined && emailKey(email) !== emailKey(user.email);
  return emailVerifiedAt === undefined && isOther ? null : emailVerifiedAt;
}

/**
 * Stores users. Every method is one atomic step, reports what it did, and returns copies. Two addresses are equal if their
 * `emailKey` is. A store that the outbox joins adds `mails` in the step of the change, if it is made. Other stores leave them to
 * the caller. A store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class UserStore {
  /** False if the address is taken. */
  abstract insert(user: User, passwordHash: string, mails?: readonly OutboxMail[]): Promise<boolean>;
  /** Inserts the first user; false if there is a user already. Of several concurrent calls, one succeeds. */
  abstract insertFirst(user: User, passwordHash: string, mails?: readonly OutboxMail[]): Promise<boolean>;
  abstract find(id: string): Promise<User | null>;
  abstract findCredential(email: string): Promise<Credential | null>;
  abstract findCredentialById(id: string): Promise<Credential | null>;
  /**
   * A page of the users that match. With filters it may have fewer users than `limit`, or none, and still have a `next`. The
   * pages together have each match once, in order. If users change in the meantime, a user can be on two pages or on none,
   * but never twice on one page.
   */
  abstract list(query: UserQuery): Promise<UserPage>;
  abstract count(): Promise<number>;
  /**
   * Disabling raises the credential version. If two administrators demote each other, one stays administrator. `adminRole` is
   * `admin` if it is left out.
   */
  abstract update(
    id: string,
    changes: UserChanges,
    now: Date,
    adminRole?: string,
    mails?: readonly OutboxMail[],
  ): Promise<UserUpdate>;
  /** Sets a hash and raises the credential version if it is still `version`; null otherwise. */
  abstract replacePassword(
    id: string,
    version: number,
    hash: string,
    now: Date,
    mails?: readonly OutboxMail[],
  ): Promise<User | null>;
  /** Raises the credential version, so that all sessions and tokens of the user are invalid; null if there is no user. */
  abstract revoke(id: string, now: Date): Promise<User | null>;
  /** Sets another hash of the same password if the stored one is still `from`; false otherwise. */
  abstract upgradeHash(id: string, from: string, to: string): Promise<boolean>;
  abstract remove(id: string, adminRole?: string): Promise<UserRemoval>;
}
