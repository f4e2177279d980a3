/* oxlint-disable typescript/no-unnecessary-type-arguments -- In an application with a type of its own, the default is not `User`. */
import type { AppUser } from './user-directory.js';

/** A login and a password that somebody has typed. */
export interface PasswordAttempt<U extends object = AppUser> {
  readonly login: string;
  readonly password: string;
  /** The user of this login in the directory; null if there is none. */
  readonly user: U | null;
  /** The address of the client; null if it is unknown. */
  readonly ip: string | null;
}

/**
 * Checks passwords in place of the stored hashes, such as with LDAP or an existing system. Failed attempts are counted and limited
 * as always. An exception means that it could not find out: the client gets a 503.
 */
export abstract class CredentialVerifier<U extends object = AppUser> {
  /**
   * The user whose password it is, which may be a user that was created just now; null, or an `UnauthorizedException`, if the password is wrong. Take the same
   * time for an unknown login as for a wrong password.
   */
  abstract verify(attempt: PasswordAttempt<U>): Promise<U | null>;
}
