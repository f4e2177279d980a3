import {
  type Given,
  type RulesOf,
  type Rule,
  assignOptions,
  flag,
  integer,
  listOf,
  oneOf,
  text,
} from '../common/options.js';
import { THROTTLE, ThrottleOptions } from '../throttle/throttle-options.js';
import { PasswordHasher } from './passwords/password-hasher.js';

/**
 * Who may add users: `first` anyone while there is none, then administrators; `open` anyone; `closed` administrators;
 * `signed_in` whoever has an account.
 */
export type Registration = 'first' | 'open' | 'closed' | 'signed_in';

export type PasswordAlgorithm = 'bcrypt' | 'argon2id';

/** The work of a hash where nothing else is asked for. */
export const USUAL_COST: Readonly<Record<PasswordAlgorithm, number>> = { bcrypt: 12, argon2id: 2 };

/** The work that each algorithm may be set to; OWASP asks for no less than in production. */
const COSTS: Readonly<Record<PasswordAlgorithm, { least: number; leastInProduction: number; most: number }>> =
  {
    bcrypt: { least: 4, leastInProduction: 10, most: 15 },
    argon2id: { least: 1, leastInProduction: 2, most: 20 },
  };

export const REGISTRATION = oneOf(['first', 'open', 'closed', 'signed_in'] satisfies Registration[]);
export const SETUP_CODE = text((code) => code.length >= 16, 'must have at least 16 characters');
export const PASSWORD_HASH = oneOf(Object.keys(USUAL_COST));
export const PASSWORD_MIN_LENGTH = integer(8, 128);
export const PEPPER = text(
  (pepper) => /^[^,]{32,}$/.test(pepper),
  'must have at least 32 characters, and no comma',
);
export const BREACH_URL = text(
  (url) => /^https?:[^@?#]+$/.test(url) && URL.canParse(url),
  'must be an http or https URL without user, query and fragment',
);

/** What is right where the cost of a hash is not; null where it is. */
export function faultOfCost(cost: number, algorithm: unknown, inProduction = false): string | null {
  const hash = algorithm === 'argon2id' ? 'argon2id' : 'bcrypt';
  const { least, leastInProduction, most } = COSTS[hash];
  const from = inProduction ? leastInProduction : least;
  const isOutside = cost < from || cost > most;
  return isOutside
    ? `must be from ${from} to ${most} for ${hash}${inProduction ? ' in production' : ''}`
    : null;
}

/** A password may be shorter only where any password is accepted. */
const minLength: Rule = (value, { passwordBlocklist } = {}) =>
  (passwordBlocklist === false ? integer(1, 128) : PASSWORD_MIN_LENGTH)(value);

const cost: Rule = (value, { passwordHash } = {}) =>
  integer(-Infinity)(value) ?? faultOfCost(Number(value), passwordHash);

const instanceOfHasher: Rule = (value) =>
  value instanceof PasswordHasher ? null : 'must be an instance of a class that extends PasswordHasher';

const RULES: RulesOf<UsersOptions> = {
  registration: REGISTRATION,
  setupCode: SETUP_CODE,
  passwordMinLength: minLength,
  passwordBlocklist: flag,
  passwordContext: listOf(text(() => true, 'must be a list of words')),
  passwordBreachUrl: BREACH_URL,
  passwordHash: PASSWORD_HASH,
  passwordCost: cost,
  passwordPepper: PEPPER,
  passwordHasher: instanceOfHasher,
  passwordPreviousPeppers: listOf(PEPPER),
  throttle: THROTTLE,
  exactEmails: flag,
  routes: flag,
};

/** What the users module needs to know; each value left out is the one below. */
export class UsersOptions {
  readonly registration: Registration = 'closed';
  /** What the first user must show under `first`, or null where nothing is asked for. */
  readonly setupCode: string | null = null;
  /** In code points; NIST SP 800-63B-4 asks for 15 where the password is the only factor. */
  readonly passwordMinLength: number = 15;
  /** Whether new passwords that are easy to guess or known from breaches are refused. */
  readonly passwordBlocklist: boolean = true;
  /** Words of this service, such as its name. A new password must not consist of them only. */
  readonly passwordContext: readonly string[] = [];
  /** A service of the kind of Have I Been Pwned's range search, asked about each new password, or null for none. */
  readonly passwordBreachUrl: string | null = null;
  /** The algorithm of new hashes. Other hashes stay valid and are replaced at the next sign-in. */
  readonly passwordHash: PasswordAlgorithm = 'bcrypt';
  /** The base-2 logarithm of bcrypt's rounds, or the passes of Argon2id; null for 12 and 2. */
  readonly passwordCost: number | null = null;
  /** Hashes and verifies passwords instead of the built-in hashers, or null; the three options around it then mean nothing. */
  readonly passwordHasher: PasswordHasher | null = null;
  /** A key that is mixed into each hash and kept outside the database, or null. */
  readonly passwordPepper: string | null = null;
  /** Peppers that hashes were made with before. */
  readonly passwordPreviousPeppers: readonly string[] = [];
  /** Limits on failed attempts. */
  readonly throttle: ThrottleOptions = new ThrottleOptions();
  /** Whether any text can be an address and must be given to the letter, or only e-mail addresses, in any case. */
  readonly exactEmails: boolean = false;
  /** Whether the routes of users, registration and password resets are served. */
  readonly routes: boolean = true;

  constructor(options: UsersOptionsGiven = {}) {
    assignOptions(this, 'UsersOptions', options, RULES);
    this.passwordBreachUrl = this.passwordBreachUrl?.replace(/\/+$/, '') ?? null;
  }
}

export type UsersOptionsGiven = Given<UsersOptions, 'throttle'>;
