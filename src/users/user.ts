import { domainToASCII } from 'node:url';

/** A user account, without the password hash or other secrets. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** Any text that an administrator has ever given, also one that the options no longer list. */
  readonly role: string;
  readonly disabled: boolean;
  /** Grows when the password changes or the user is disabled. Sessions and tokens of a smaller version are invalid. */
  readonly credentialVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the user proved that the address is theirs; null if never. */
  readonly emailVerifiedAt: Date | null;
}

/** How addresses are compared. */
export interface AddressRule {
  /** Addresses are case-sensitive and kept as they are typed. */
  readonly exactEmails: boolean;
}

/** The role of administrators, unless the options name another. */
export const ADMIN = 'admin';

/** Who is an administrator. */
export interface AdminRule {
  readonly adminRole: string;
}

export function isAdmin({ role }: Pick<User, 'role'>, { adminRole }: AdminRule): boolean {
  return role === adminRole;
}

/** A user together with the hash of their password. */
export interface Credential {
  readonly user: User;
  /** `!` if the user was invited and has not chosen a password. */
  readonly passwordHash: string;
}

/** Stands in place of the hash of a user who was invited and has not chosen a password. No password matches it. */
export const NO_PASSWORD = '!';

/**
 * The key under which an address is unique: the spelling key, with an international domain in its ASCII form (`xn--…`,
 * UTS #46). So `ann@exämple.org` and `ann@xn--exmple-cua.org` are one address.
 */
export function emailKey(email: string): string {
  const key = spellingKey(email);
  const domain = key.lastIndexOf('@') + 1;
  return domain === 0 ? key : key.slice(0, domain) + toAscii(key.slice(domain));
}

/** Whether a user has exactly this address, or under the same key unless addresses are exact. */
export function isAddressOf(user: User, email: string, { exactEmails }: AddressRule): boolean {
  return exactEmails ? user.email === email : emailKey(user.email) === emailKey(email);
}

/** An address without surrounding blanks, in NFC and lower case. Older versions used this as the key. */
export function spellingKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

/** The longest key of a name. An entry of an index of PostgreSQL has at most 2,704 bytes, with two keys and the address. */
const NAME_KEY_LENGTH = 100;

/**
 * The form in which names are compared: the first 100 characters in NFC, without case, blanks at the ends, and the
 * difference between the two kinds of i of Turkish and between the two kinds of sigma of Greek.
 */
export function nameKey(name: string): string {
  const key = name
    .toWellFormed()
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .replaceAll('i\u0307', 'i')
    .replaceAll('ς', 'σ')
    .normalize('NFC')
    .replace(/^ +| +$/g, '');
  return Array.from(key).slice(0, NAME_KEY_LENGTH).join('');
}

/** The keys of the full name of a user, in both orders. Empty if there is no name. */
export function fullNameKeys({ firstName, lastName }: Pick<User, 'firstName' | 'lastName'>): {
  readonly byFirstName: string;
  readonly byLastName: string;
} {
  const [first, last] = [nameKey(firstName ?? ''), nameKey(lastName ?? '')];
  return { byFirstName: nameKey(`${first} ${last}`), byLastName: nameKey(`${last} ${first}`) };
}

/** Characters that make `domainToASCII` read a domain as a URL with a path, a port or escapes. */
const NO_DOMAIN = /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/;

/** The ASCII form of a domain; the domain itself if it has no international label, or an invalid one. */
function toAscii(domain: string): string {
  const isInternational = /[^\0-\x7f]|xn--/.test(domain) && !NO_DOMAIN.test(domain);
  return isInternational ? domainToASCII(domain) || domain : domain;
}
