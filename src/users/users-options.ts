import type { Type } from '@nestjs/common';
import {
  KEY,
  type Given,
  type RulesOf,
  type Rule,
  assignOptions,
  flag,
  integer,
  listOf,
  milliseconds,
  oneOf,
  text,
} from '../common/options.js';
import { LONGEST_WAIT } from '../common/duration.js';
import { THROTTLE, ThrottleOptions } from '../throttle/throttle-options.js';
import { CredentialVerifier } from './credential-verifier.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { ADMIN } from './user.js';
import { type AppRole, UserDirectory } from './user-directory.js';

/**
 * Who may add users. `first`: anyone while there is no user, then administrators. `open`: anyone. `closed`: administrators.
 * `signed_in`: any user.
 */
export type Registration = 'first' | 'open' | 'closed' | 'signed_in';

export type PasswordAlgorithm = 'bcrypt' | 'argon2id';

/** The default cost of each algorithm. */
export const USUAL_COST: Readonly<Record<PasswordAlgorithm, number>> = { bcrypt: 12, argon2id: 2 };

/** The permitted costs of each algorithm. `leastInProduction` is OWASP's minimum. */
const COSTS: Readonly<Record<PasswordAlgorithm, { least: number; leastInProduction: number; most: number }>> =
  {
    bcrypt: { least: 4, leastInProduction: 10, most: 15 },
    argon2id: { least: 1, leastInProduction: 2, most: 20 },
  };

export const REGISTRATION = oneOf(['first', 'open', 'closed', 'signed_in'] satisfies Registration[]);
export const SETUP_CODE = text((code) => code.length >= 16, 'must have at least 16 characters');
export const PASSWORD_HASH = oneOf(Object.keys(USUAL_COST));
export const PASSWORD_MIN_LENGTH = integer(8, 128);
export const BREACH_URL = text(
  (url) => /^https?:[^@?#]+$/.test(url) && URL.canParse(url),
  'must be an http or https URL without user, query and fragment',
);

/** A text that says which costs are permitted, or null if the cost is permitted. */
export function faultOfCost(cost: number, algorithm: unknown, inProduction = false): string | null {
  const hash = algorithm === 'argon2id' ? 'argon2id' : 'bcrypt';
  const { least, leastInProduction, most } = COSTS[hash];
  const from = inProduction ? leastInProduction : least;
  const isOutside = cost < from || cost > most;
  return isOutside
    ? `must be from ${from} to ${most} for ${hash}${inProduction ? ' in production' : ''}`
    : null;
}

const USUAL_ROLES: readonly string[] = ['user', ADMIN];

/** The role of a user. */
const ROLE = text(
  (role) => /^[^\s,\p{C}]{1,64}$/u.test(role),
  'must be texts of 1 to 64 characters, without blanks and commas',
);

/** The rule of the roles that administrators may give. */
export const ROLES: Rule = (roles, { adminRole = ADMIN } = {}) => {
  const fault = listOf(ROLE)(roles);
  if (fault !== null) return fault;
  const list = roles as readonly string[];
  if (new Set(list).size < list.length) return 'must not name a value twice';
  return adminRole === ADMIN ? faultOfAdmin(ADMIN, list) : null;
};

const adminRole: Rule = (role, { roles, directory } = {}) => {
  if (typeof role !== 'string' || role === '') return 'must not be empty';
  return directory || !Array.isArray(roles) ? null : faultOfAdmin(role, roles);
};

/** What is wrong with a role of administrators among the roles of the built-in users, or null. */
function faultOfAdmin(role: string, roles: readonly unknown[]): string | null {
  if (!roles.includes(role)) return 'roles must contain the adminRole, which is admin unless it is given';
  return roles[0] === role
    ? 'the first of roles is given to new users, so it must not be the adminRole'
    : null;
}

/** A sentence that says which roles there are if a text is none of them, or null. */
export function faultOfRole(role: string, { roles }: Pick<UsersOptions, 'roles'>): string | null {
  return roles.includes(role) ? null : `Must be one of: ${roles.join(', ')}.`;
}

/** Passwords shorter than eight characters are possible only without the blocklist. */
const minLength: Rule = (value, { passwordBlocklist } = {}) =>
  (passwordBlocklist === false ? integer(1, 128) : PASSWORD_MIN_LENGTH)(value);

const cost: Rule = (value, { passwordHash } = {}) =>
  integer(-Infinity)(value) ?? faultOfCost(Number(value), passwordHash);

const instanceOfHasher: Rule = (value) =>
  value instanceof PasswordHasher ? null : 'must be an instance of a class that extends PasswordHasher';

/** Accepts a class that extends another, and null for none. */
const classOf =
  (base: abstract new (...args: never[]) => object): Rule =>
  (value) =>
    value === null || (typeof value === 'function' && (value.prototype as unknown) instanceof base)
      ? null
      : `must be a class that extends ${base.name}`;

/** Whether an option has an effect beside the others. */
type Effect = (beside: Readonly<Record<string, unknown>>) => boolean;

/** The rule of an option that has an effect only beside some others. Its default, and an empty list, may always be given. */
function onlyIf(hasEffect: Effect, cure: string, rule: Rule): Rule {
  return (value, beside = {}) =>
    hasEffect(beside) || (Array.isArray(value) && value.length === 0) ? rule(value, beside) : cure;
}

const forBuiltIn = (rule: Rule) =>
  onlyIf(
    ({ directory }) => !directory,
    'has no effect beside a directory, as only the built-in users have it; leave it out',
    rule,
  );

/** Of new passwords, which users of a directory with a verifier do not have. */
const forPasswords = (rule: Rule) =>
  onlyIf(
    ({ directory, credentialVerifier }) => !directory || !credentialVerifier,
    'has no effect beside a directory and a credentialVerifier, as no passwords are set here; leave it out',
    rule,
  );

/** Of stored hashes, which a verifier does not read. */
const forHashes = (rule: Rule) =>
  onlyIf(
    ({ credentialVerifier }) => !credentialVerifier,
    'has no effect beside a credentialVerifier, as no stored hash is read; leave it out',
    rule,
  );

const forOurHasher = (rule: Rule) =>
  onlyIf(
    ({ passwordHasher }) => !passwordHasher,
    'has no effect beside a passwordHasher, as it is an option of the built-in ones; leave it out',
    rule,
  );

const forBlocklist = (rule: Rule) =>
  onlyIf(
    ({ passwordBlocklist }) => passwordBlocklist !== false,
    'has no effect with passwordBlocklist: false; leave out one of them',
    rule,
  );

const forOwn = (rule: Rule) =>
  onlyIf(
    ({ directory, credentialVerifier }) => Boolean(directory ?? credentialVerifier),
    'has no effect without a directory or a credentialVerifier; leave it out, and set storage.timeout for the stores',
    rule,
  );

const RULES: RulesOf<Omit<UsersOptions, 'newUserRole'>> = {
  directory: classOf(UserDirectory),
  credentialVerifier: classOf(CredentialVerifier),
  timeout: forOwn(milliseconds(LONGEST_WAIT)),
  registration: forBuiltIn(REGISTRATION),
  setupCode: forBuiltIn(SETUP_CODE),
  roles: forBuiltIn(ROLES),
  adminRole,
  passwordMinLength: forPasswords(minLength),
  passwordBlocklist: forPasswords(flag),
  passwordContext: forPasswords(forBlocklist(listOf(text(() => true, 'must be a list of words')))),
  passwordBreachUrl: forPasswords(forBlocklist(BREACH_URL)),
  passwordHash: forPasswords(forOurHasher(PASSWORD_HASH)),
  passwordCost: forPasswords(forOurHasher(cost)),
  passwordPepper: forPasswords(forOurHasher(KEY)),
  passwordHasher: forPasswords(instanceOfHasher),
  passwordPreviousPeppers: forPasswords(forOurHasher(listOf(KEY))),
  rehashPasswords: forHashes(flag),
  devisePepper: forHashes(forOurHasher(text((pepper) => pepper.length > 0, 'must not be empty'))),
  throttle: THROTTLE,
  exactEmails: forBuiltIn(flag),
  routes: flag,
};

/** The options of the users module. An option that is left out has the default below. */
export class UsersOptions {
  /** The class of your own users, which Nest creates; null for the built-in users. Their routes are not served then. */
  readonly directory: Type<UserDirectory<object>> | null = null;
  /** A class that checks passwords in place of the stored hashes, which Nest creates; null for the stored hashes. */
  readonly credentialVerifier: Type<CredentialVerifier<object>> | null = null;
  /** Milliseconds after which a call of your directory or verifier without an answer is a 503; null for the timeout of the stores. */
  readonly timeout: number | null = null;
  readonly registration: Registration = 'closed';
  /** The setup code that the first user must send under `first`; null for none. */
  readonly setupCode: string | null = null;
  /** The roles that administrators may give to the built-in users. The first is that of new users. */
  readonly roles: readonly AppRole[] = USUAL_ROLES;
  /** The role whose users may use our routes for administrators. For the built-in users, one of `roles`. */
  readonly adminRole: AppRole = ADMIN;
  /** In code points; NIST SP 800-63B-4 asks for 15 where the password is the only factor. */
  readonly passwordMinLength: number = 15;
  /** Whether new passwords that are easy to guess or known from breaches are refused. */
  readonly passwordBlocklist: boolean = true;
  /** Words of this service, such as its name. A new password must not consist of them only. */
  readonly passwordContext: readonly string[] = [];
  /** The URL of a range search like Have I Been Pwned's, which is queried for each new password; null for none. */
  readonly passwordBreachUrl: string | null = null;
  /** The algorithm of new hashes. Other hashes stay valid and are replaced at the next sign-in. */
  readonly passwordHash: PasswordAlgorithm = 'bcrypt';
  /** The base-2 logarithm of bcrypt's rounds, or the passes of Argon2id; null for 12 and 2. */
  readonly passwordCost: number | null = null;
  /** A custom hasher instead of the built-in ones; null for none. The options of hash, cost and peppers cannot be given beside it. */
  readonly passwordHasher: PasswordHasher | null = null;
  /** A key that is mixed into each hash and kept outside the database, or null. */
  readonly passwordPepper: string | null = null;
  /** Earlier peppers, of which stored hashes still need some. */
  readonly passwordPreviousPeppers: readonly string[] = [];
  /** Whether a sign-in replaces a hash of another system, and one with other parameters than the options above. */
  readonly rehashPasswords: boolean = true;
  /** The `pepper` of Devise. It is appended to passwords that are compared with plain bcrypt hashes; null for none. */
  readonly devisePepper: string | null = null;
  /** Limits on failed attempts. */
  readonly throttle: ThrottleOptions = new ThrottleOptions();
  /** If true, any text can be an address and is compared exactly. If false, only e-mail addresses, in any case. */
  readonly exactEmails: boolean = false;
  /** Whether the routes of users, registration and password resets are served. */
  readonly routes: boolean = true;

  constructor(options: UsersOptionsGiven = {}) {
    assignOptions(this, 'UsersOptions', options, RULES);
    this.passwordBreachUrl = this.passwordBreachUrl?.replace(/\/+$/, '') ?? null;
  }

  /** The role of a new user. */
  get newUserRole(): AppRole {
    return this.roles[0]!;
  }
}

export type UsersOptionsGiven = Given<Omit<UsersOptions, 'newUserRole'>, 'throttle'>;
