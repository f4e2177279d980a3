import { AuditOptions } from './audit/audit-options.js';
import { AuthOptions, type AuthOptionsGiven } from './auth/auth-options.js';
import { type Given, OptionsError, assignOptions, flag, isRecord, unknownName } from './common/options.js';
import { FactorsOptions, type FactorsOptionsGiven } from './factors/factors-options.js';
import { MailOptions, type MailOptionsGiven } from './mail/mail-options.js';
import { SessionsOptions } from './sessions/sessions-options.js';
import { StorageOptions } from './storage/storage-options.js';
import { UsersOptions, type UsersOptionsGiven } from './users/users-options.js';

/** Which routes are served; all that are left out are served. */
export interface ServedRoutes {
  /** Users, registration, password resets and the flows by e-mail. */
  readonly users?: boolean;
  /** Sign-in, second factors, sessions, access tokens and passwords. */
  readonly sessions?: boolean;
  /** The audit trail. */
  readonly audit?: boolean;
}

/** The options of all modules: those of `AuthModule`, and one property for each other module. */
export interface CoatcheckOptionsGiven extends Omit<AuthOptionsGiven, 'routes'> {
  /** False if a global module of yours provides the stores. */
  readonly storage?: Given<StorageOptions> | false;
  readonly users?: Omit<UsersOptionsGiven, 'routes'>;
  readonly sessions?: Given<SessionsOptions>;
  /** False for no audit trail. */
  readonly audit?: Omit<Given<AuditOptions>, 'routes'> | false;
  /** Left out or false for no mails. */
  readonly mail?: Omit<MailOptionsGiven, 'routes'> | false;
  /** Left out or false for no second factors. */
  readonly factors?: Omit<FactorsOptionsGiven, 'routes'> | false;
  /** Whether routes are served: one boolean for all modules, or one for each. */
  readonly routes?: ServedRoutes | boolean;
}

const PARTS = ['storage', 'users', 'sessions', 'audit', 'mail', 'factors'] as const;

/** The checked options of all modules. Throws an `OptionsError` with the faults of all of them. */
export class CoatcheckOptions {
  readonly auth: AuthOptions;
  readonly users: UsersOptions;
  readonly sessions: SessionsOptions;
  readonly storage: StorageOptions | false;
  readonly audit: AuditOptions | false;
  readonly mail: MailOptions | false;
  readonly factors: FactorsOptions | false;

  constructor(given: CoatcheckOptionsGiven = {}) {
    if (!isRecord(given)) throw new OptionsError('CoatcheckOptions', ['the options must be an object']);
    const { storage, users, sessions, audit, mail = false, factors = false, routes, ...auth } = given;
    const known = [...Object.keys(new AuthOptions()), ...PARTS];
    const names = Object.keys(auth).filter((name) => !known.includes(name));
    const faults = names.map((name) => `${name}: ${unknownName(name, known)}`);
    const own = Object.fromEntries(Object.entries(auth).filter(([name]) => known.includes(name)));
    const served = partOf('routes', routesOf(routes), RoutesOptions, faults);
    this.auth = partOf('', { ...own, routes: served.sessions }, AuthOptions, faults);
    this.users = partOf('users', users, UsersOptions, faults, { routes: served.users });
    this.sessions = partOf('sessions', sessions, SessionsOptions, faults);
    this.storage = storage === false ? false : partOf('storage', storage, StorageOptions, faults);
    this.audit =
      audit === false ? false : partOf('audit', audit, AuditOptions, faults, { routes: served.audit });
    const ofMail = { routes: served.users };
    this.mail = mail !== false && (soundPartOf('mail', mail, MailOptions, faults, ofMail) ?? false);
    const ofFactors = { routes: served.sessions };
    this.factors =
      factors !== false && (soundPartOf('factors', factors, FactorsOptions, faults, ofFactors) ?? false);
    if (faults.length > 0) throw new OptionsError('CoatcheckOptions', faults);
  }
}

/** The options of one module. If they have faults, adds these to `faults` and returns the defaults. */
function partOf<Options>(
  name: string,
  given: unknown,
  Options: new (given: object) => Options,
  faults: string[],
  beside: object = {},
): Options {
  return soundPartOf(name, given === undefined ? {} : given, Options, faults, beside) ?? new Options({});
}

/** The options of one module. If they have faults, adds these to `faults` and returns null. */
function soundPartOf<Options>(
  name: string,
  given: unknown,
  Options: new (given: never) => Options,
  faults: string[],
  beside: object,
): Options | null {
  if (!isRecord(given)) {
    faults.push(`${name}: must be an object`);
    return null;
  }
  try {
    return new Options({ ...given, ...beside } as never);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    faults.push(...error.faults.map((fault) => (name === '' ? fault : `${name}.${fault}`)));
    return null;
  }
}

function routesOf(routes: unknown): unknown {
  return typeof routes === 'boolean' ? { users: routes, sessions: routes, audit: routes } : routes;
}

class RoutesOptions implements Required<ServedRoutes> {
  readonly users: boolean = true;
  readonly sessions: boolean = true;
  readonly audit: boolean = true;

  constructor(options: ServedRoutes) {
    assignOptions(this, 'RoutesOptions', options, { users: flag, sessions: flag, audit: flag });
  }
}
