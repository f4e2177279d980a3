import { domainToASCII } from 'node:url';

export type Role = 'user' | 'admin';

/** A person with an account: safe to log, list and hand on; no secret and no hash is in it. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly role: Role;
  readonly disabled: boolean;
  /** Grows with each change of the password or standing; whatever was granted under a smaller one is worthless. */
  readonly credentialVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A user together with the hash that proves their password. */
export interface Credential {
  readonly user: User;
  readonly passwordHash: string;
}

/**
 * The form under which an address is unique: its spelling key, with an international domain as DNS and browsers have it
 * (`xn--…`, UTS #46), so that `ann@exämple.org` and `ann@xn--exmple-cua.org` are one address.
 */
export function emailKey(email: string): string {
  const key = spellingKey(email);
  const domain = key.lastIndexOf('@') + 1;
  return domain === 0 ? key : key.slice(0, domain) + toAscii(key.slice(domain));
}

/** An address without outer blanks, in NFC and lower case; this was its key before domains were compared as DNS does. */
export function spellingKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

/** Characters by which `domainToASCII` would take a domain for a URL with a path, a port or escapes. */
const NO_DOMAIN = /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/;

/** A domain as it is where it has no international label, or none that UTS #46 allows. */
function toAscii(domain: string): string {
  const isInternational = /[^\0-\x7f]|xn--/.test(domain) && !NO_DOMAIN.test(domain);
  return isInternational ? domainToASCII(domain) || domain : domain;
}
