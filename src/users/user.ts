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

/** The form under which an address is unique: without outer blanks, in NFC and lower case. */
export function emailKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}
