/* oxlint-disable typescript/no-unnecessary-type-arguments -- In an application with a type of its own, the default is not `User`. */
import type { User } from './user.js';
import type { Account, AppUser } from './user-directory.js';

/** A user as authentication knows them. */
export interface Identity<U extends object = AppUser> {
  /** The user object of the directory. */
  readonly user: U;
  readonly account: Account;
  /** Sessions and tokens of a smaller version are invalid. */
  readonly credentialVersion: number;
}

/** What a user of the built-in directory is. */
export function identityOf(user: User): Identity<User> {
  const { id, email, role, disabled, credentialVersion } = user;
  return { user, account: { id, login: email, roles: [role], disabled }, credentialVersion };
}
