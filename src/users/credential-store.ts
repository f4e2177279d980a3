import type { OutboxMail } from '../mail/outbox-mail.js';

/** What is stored of a user of an application's own directory. */
export interface StoredCredential {
  /** Null if the user has no password here. Their directory may know a hash of an existing system. */
  readonly passwordHash: string | null;
  /** Sessions and tokens of a smaller version are invalid. */
  readonly version: number;
}

/** The version of a user of whom nothing is stored. */
export const FIRST_VERSION = 1;

/**
 * Stores the credentials of the users of an application's own directory, under the ids that the directory gives as text. Every
 * method is one atomic step and reports what it did. The version of a user never falls, except by `remove`. A store that the outbox
 * joins adds `mails` in the step of the change, if it is made. Other stores leave them to the caller. A store that cannot answer
 * throws `StoreUnavailableError`.
 *
 * A credential that cannot be read is never treated as missing, because then revoked sessions would be valid again and a hash
 * of an existing system would be adopted again. `find` throws `StoreUnavailableError`, `adopt` and `upgradeHash` change nothing,
 * `replace` changes nothing unless the version can be read, and `revoke` throws unless it has raised the version.
 */
export abstract class CredentialStore {
  abstract find(userId: string): Promise<StoredCredential | null>;
  /** Stores a first hash and keeps the version; false if there is a hash already. Of racing callers, one gets true. */
  abstract adopt(userId: string, hash: string, now: Date): Promise<boolean>;
  /** Sets a hash and raises the version if it is still `version` (`FIRST_VERSION` where nothing is stored); null otherwise. */
  abstract replace(
    userId: string,
    version: number,
    hash: string,
    now: Date,
    mails?: readonly OutboxMail[],
  ): Promise<StoredCredential | null>;
  /** Sets another hash of the same password if the stored one is still `from`; false otherwise. */
  abstract upgradeHash(userId: string, from: string, to: string): Promise<boolean>;
  /** Raises the version, so that all sessions and tokens of the user are invalid. Returns the new version. */
  abstract revoke(userId: string, now: Date): Promise<number>;
  /** Deletes the credential of a deleted user, whose sessions have been ended. False if nothing is stored. */
  abstract remove(userId: string): Promise<boolean>;
}
