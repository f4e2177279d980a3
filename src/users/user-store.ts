import type { Position } from '../common/cursor.js';
import type { Credential, Role, User } from './user.js';

/** What may be changed of a user without their password; what is undefined stays, and a name that is null is removed. */
export interface UserChanges {
  readonly email?: string;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly role?: Role;
  readonly disabled?: boolean;
}

/** What became of a change; the last administrator who is not disabled stays one, and no two users share an address. */
export type UserUpdate =
  | { readonly outcome: 'updated'; readonly before: User; readonly after: User }
  | { readonly outcome: 'not_found' | 'last_admin' | 'email_taken' };

/** What became of a removal; the last administrator who is not disabled stays. */
export type UserRemoval = 'removed' | 'not_found' | 'last_admin';

/** The place of a user in the list, which is ordered by creation and then id. */
export type UserPosition = Position;

/** Whether changes make of an administrator who may sign in one who is none or may not. */
export function revokesAdmin({ role, disabled }: UserChanges): boolean {
  return role === 'user' || disabled === true;
}

/**
 * Where users are kept. Every method is one atomic step and says what it did; what it hands out is a copy.
 * Addresses are equal where their `emailKey` is. A store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class UserStore {
  /** False if the address is taken. */
  abstract insert(user: User, passwordHash: string): Promise<boolean>;
  /** Inserts the first user; false if there is a user already. Of many racing callers one succeeds. */
  abstract insertFirst(user: User, passwordHash: string): Promise<boolean>;
  abstract find(id: string): Promise<User | null>;
  abstract findCredential(email: string): Promise<Credential | null>;
  /** The next users behind `after`, oldest first. */
  abstract list(limit: number, after: UserPosition | null): Promise<User[]>;
  abstract count(): Promise<number>;
  /** Disabling raises the credential version. Of two administrators who demote each other, one stays. */
  abstract update(id: string, changes: UserChanges, now: Date): Promise<UserUpdate>;
  /** Sets a hash and raises the credential version if that is still `version`: of two racing changes one wins. */
  abstract replacePassword(id: string, version: number, hash: string, now: Date): Promise<User | null>;
  /** Sets another hash of the same password, if the stored one is still `from`. */
  abstract upgradeHash(id: string, from: string, to: string): Promise<boolean>;
  abstract remove(id: string): Promise<UserRemoval>;
}
