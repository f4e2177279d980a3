import { ThrottleOptions } from '../throttle/throttle-options.js';
import { STANDARD_PRESENTATION, type UserPresentation } from './user-json.js';

/**
 * Who may add users: `first` anyone while there is none, then administrators; `open` anyone; `closed` administrators;
 * `signed_in` whoever has an account.
 */
export type Registration = 'first' | 'open' | 'closed' | 'signed_in';

/** What the users module needs to know; each value left out is the one below. */
export class UsersOptions {
  readonly registration: Registration = 'closed';
  /** What the first user must show under `first`, or null where nothing is asked for. */
  readonly setupCode: string | null = null;
  /** In code points; NIST SP 800-63B-4 asks for 15 where the password is the only factor. */
  readonly passwordMinLength: number = 15;
  /** The base-2 logarithm of bcrypt's rounds. */
  readonly passwordCost: number = 12;
  /** A key that is mixed into each hash and kept outside the database, or null. */
  readonly passwordPepper: string | null = null;
  /** How many failed attempts at passwords are borne. */
  readonly throttle: ThrottleOptions = new ThrottleOptions();
  /** Whether any text can be an address and must be given to the letter, or only e-mail addresses, in any case. */
  readonly exactEmails: boolean = false;
  /** How many users a page of the list has where the client does not say. */
  readonly pageSize: number = 100;
  /** Whether users see each other, or only administrators see all. */
  readonly peersVisible: boolean = false;
  readonly presentation: UserPresentation = STANDARD_PRESENTATION;

  constructor(options: Partial<UsersOptions> = {}) {
    Object.assign(this, options);
  }
}
