import type { User } from './user.js';

/** What authentication needs to know of a user of the application. */
export interface Account {
  /** The id as text. Credentials and sessions are stored under it. */
  readonly id: string;
  /** What the user types to sign in, such as an e-mail address or a user name. */
  readonly login: string;
  readonly roles: readonly string[];
  /** Disabled users cannot sign in, and their sessions are invalid. */
  readonly disabled: boolean;
}

/**
 * Types of the application, by declaration merging:
 * `declare module 'coatcheck' { interface Register { user: MyUser; role: 'owner' | 'staff' } }`.
 */
export interface Register {}

/** The user object of the application; `User` unless `Register` has another type. */
export type AppUser = Register extends { user: infer U extends object } ? U : User;

/** The roles of the application; any text unless `Register` has another type. */
export type AppRole = Register extends { role: infer R extends string } ? R : string;

/**
 * The application's own users, as far as authentication needs them. An exception means that the
 * directory could not find out: the client gets a 503.
 */
export abstract class UserDirectory<U extends object = AppUser> {
  /** Null for every text that is no id of a user, also for one that the type of the column does not accept. */
  abstract findById(id: string): Promise<U | null>;
  /** Finds the user of an e-mail address, a user name or whatever people type. */
  abstract findByLogin(login: string): Promise<U | null>;
  abstract account(user: U): Account;
  /** The hash of an existing system, which is adopted at the first sign-in. Null if there is none. */
  legacyHash?(user: U): string | null;
  /** Where mails to the user go; null for nowhere. If there is no such method, it is the login if that is an e-mail address. */
  email?(user: U): string | null;
  /** Whether the user has proved that the address is theirs. If there is no such method, it is false. */
  isEmailVerified?(user: U): boolean;
  /**
   * Stores an address that the user has proved: the current one, or a new one, which becomes the login if that is the address. False
   * if another user has it. If there is no such method, addresses are neither verified nor changed.
   */
  saveEmail?(user: U, email: string): Promise<boolean>;
}
