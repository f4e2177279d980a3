import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { SecurityEvents } from './audit/security-events.js';
import { type AsyncOptions, assertAsync, optionsProvider } from './common/async-options.js';
import { Clock, SystemClock } from './common/clock.js';
import { GuessThrottle } from './throttle/guess-throttle.js';
import { MemoryThrottleStore } from './throttle/memory.throttle-store.js';
import { ThrottleStore } from './throttle/throttle-store.js';
import { Argon2PasswordHasher } from './users/passwords/argon2.password-hasher.js';
import { BcryptPasswordHasher } from './users/passwords/bcrypt.password-hasher.js';
import { PasswordHasher } from './users/passwords/password-hasher.js';
import { PasswordResetController } from './http/api/passwords/password-reset.controller.js';
import { PasswordResetService } from './users/password-reset.service.js';
import { RegistrationController } from './http/api/users/registration.controller.js';
import { RegistrationService } from './users/registration.service.js';
import { StatsController } from './http/api/service/stats.controller.js';
import { UsersController } from './http/api/users/users.controller.js';
import { USUAL_COST, UsersOptions, type UsersOptionsGiven } from './users/users-options.js';
import { routesNeedAuth } from './route-check.js';
import { StartCheck } from './start-check.js';
import { USUAL_TIMEOUT } from './common/bounded-calls.js';
import { checkNeeds } from './common/needs.js';
import { OptionsError, assertObject } from './common/options.js';
import { StorageOptions } from './storage/storage-options.js';
import { Accounts, BuiltInAccounts, DirectoryAccounts } from './users/accounts.js';
import { CredentialStore } from './users/credential-store.js';
import { CredentialVerifier } from './users/credential-verifier.js';
import { MailOptions } from './mail/mail-options.js';
import { MailQueue } from './users/mails/mail-queue.js';
import { PasswordsService } from './users/passwords.service.js';
import { UserDirectory } from './users/user-directory.js';
import { UserStore } from './users/user-store.js';
import { MemoryTokenStore } from './users/memory.token-store.js';
import { TokenStore } from './users/token-store.js';
import { UserListener } from './users/user-listener.js';
import { UserListeners } from './users/user-listeners.js';
import { UsersService } from './users/users.service.js';

type Choice = Pick<UsersOptionsGiven, 'routes' | 'directory' | 'credentialVerifier'>;

/** The names of a `Choice`. */
const BESIDE = ['routes', 'directory', 'credentialVerifier'] as const;

export type UsersSyncOptions = UsersOptionsGiven & Pick<ModuleMetadata, 'imports'>;

/** What decides which controllers and providers there are stands beside the factory. */
export interface UsersAsyncOptions extends AsyncOptions<Omit<UsersOptionsGiven, keyof Choice>>, Choice {}

/**
 * The users and their passwords. Needs a `UserStore`, or for a `directory` of your own a `CredentialStore`, which `StorageModule` or
 * a global module of yours provides; without a `ThrottleStore` beside it, failed attempts are counted in this process alone, and so
 * are reset tokens without a `TokenStore`.
 */
@Module({})
export class UsersModule extends NeedsForRoot {
  /** `imports` are the modules of what your directory and your verifier inject. */
  static forRoot(all: UsersSyncOptions = {}): DynamicModule {
    assertObject('UsersOptions', all);
    const { imports = [], ...given } = all;
    const options = new UsersOptions(given);
    return moduleOf(options, imports, { provide: UsersOptions, useValue: options });
  }

  static forRootAsync(all: UsersAsyncOptions): DynamicModule {
    assertAsync('UsersOptions', all, BESIDE);
    const { routes, directory, credentialVerifier, ...given } = all;
    const choice = { routes, directory, credentialVerifier };
    return moduleOf(new UsersOptions(choice), given.imports, optionsProvider(UsersOptions, given, choice));
  }
}

function moduleOf(
  { routes, directory, credentialVerifier }: UsersOptions,
  imports: ModuleMetadata['imports'],
  options: Provider<UsersOptions>,
): DynamicModule {
  const resets = credentialVerifier ? [] : [PasswordResetController];
  const own = directory ? [] : [UsersController, StatsController, RegistrationController];
  return {
    module: UsersModule,
    imports,
    controllers: routes ? [...own, ...resets] : [],
    providers: [
      MADE_BY_FOR_ROOT,
      StartCheck,
      ...(routes ? [routesNeedAuth('UsersModule')] : []),
      SecurityEvents,
      ...(directory
        ? [{ provide: UserDirectory, useClass: directory }]
        : [UsersService, RegistrationService]),
      ...(credentialVerifier ? [{ provide: CredentialVerifier, useClass: credentialVerifier }] : []),
      {
        provide: Accounts,
        inject: [
          // Not one that another module provides: it would be mixed with the routes of the built-in users.
          directory ? UserDirectory : NONE,
          { token: CredentialStore, optional: true },
          { token: UserStore, optional: true },
          UsersOptions,
          STORAGE,
          MAIL_OPTIONS,
        ],
        useFactory: accountsOf,
      },
      {
        provide: PasswordsService,
        inject: [
          Accounts,
          PasswordHasher,
          GuessThrottle,
          Clock,
          UsersOptions,
          SecurityEvents,
          UserListener,
          credentialVerifier ? CredentialVerifier : NONE,
          STORAGE,
          MAILS,
        ],
        useFactory: passwordsOf,
      },
      {
        provide: PasswordResetService,
        inject: [
          { token: TokenStore, optional: true },
          Accounts,
          PasswordHasher,
          GuessThrottle,
          Clock,
          UsersOptions,
          SecurityEvents,
          UserListener,
          MAILS,
        ],
        useFactory: (tokens: TokenStore | undefined, accounts: Accounts, ...rest: ResetNeeds) =>
          new PasswordResetService(accounts, tokens ?? new MemoryTokenStore(), ...rest),
      },
      { provide: UserListener, useClass: UserListeners },
      options,
      { provide: Clock, useClass: SystemClock },
      {
        provide: GuessThrottle,
        inject: [{ token: ThrottleStore, optional: true }, Clock, UsersOptions],
        useFactory: (tallies: ThrottleStore | undefined, clock: Clock, { throttle }: UsersOptions) =>
          new GuessThrottle(tallies ?? new MemoryThrottleStore(), clock, throttle),
      },
      {
        provide: PasswordHasher,
        inject: [UsersOptions],
        useFactory: hasherOf,
      },
    ],
    exports: [
      ...(directory ? [UserDirectory] : [UsersService, RegistrationService]),
      Accounts,
      PasswordsService,
      UsersOptions,
      PasswordResetService,
      GuessThrottle,
      ...(credentialVerifier ? [CredentialVerifier] : []),
    ],
    global: true,
  };
}

/** Injects undefined. */
const NONE = { token: Symbol('none'), optional: true };

/** Not there if the stores are those of the application. */
const STORAGE = { token: StorageOptions, optional: true };

/** Not there if the application sends no mails. */
const MAILS = { token: MailQueue, optional: true };
const MAIL_OPTIONS = { token: MailOptions, optional: true };

/** What a `PasswordResetService` needs besides users and tokens. */
type ResetNeeds =
  ConstructorParameters<typeof PasswordResetService> extends [unknown, unknown, ...infer Rest] ? Rest : never;

function accountsOf(
  directory: UserDirectory | undefined,
  credentials: CredentialStore | undefined,
  users: UserStore | undefined,
  options: UsersOptions,
  storage?: StorageOptions,
  mail?: MailOptions,
): Accounts {
  const requiresVerification = mail?.verification === 'required';
  if (!directory) {
    checkNeeds('UsersModule', { UserStore: users });
    return new BuiltInAccounts(users!, options, requiresVerification);
  }
  checkNeeds('UsersModule', { CredentialStore: credentials });
  if (requiresVerification) checkVerifies(directory);
  return new DirectoryAccounts(directory, credentials!, timeoutOf(options, storage), requiresVerification);
}

/** Throws if nobody could ever sign in, because the directory can neither tell nor store that an address is verified. */
function checkVerifies(directory: UserDirectory): void {
  const missing = (['isEmailVerified', 'saveEmail'] as const).filter((name) => !directory[name]);
  if (missing.length > 0)
    throw new OptionsError('MailOptions', [
      `verification: required needs ${missing.join(' and ')} of ${directory.constructor.name}; add what is missing, or choose optional or off`,
    ]);
}

function passwordsOf(
  accounts: Accounts,
  hasher: PasswordHasher,
  throttle: GuessThrottle,
  clock: Clock,
  options: UsersOptions,
  events: SecurityEvents,
  listener: UserListener,
  verifier?: CredentialVerifier,
  storage?: StorageOptions,
  mails?: MailQueue,
): PasswordsService {
  const timeout = timeoutOf(options, storage);
  return new PasswordsService(
    accounts,
    hasher,
    throttle,
    clock,
    options,
    events,
    listener,
    verifier,
    timeout,
    mails,
  );
}

/** Milliseconds that a call of the directory or the verifier may take. */
function timeoutOf(options: UsersOptions, storage?: StorageOptions): number {
  return options.timeout ?? storage?.timeout ?? USUAL_TIMEOUT;
}

function hasherOf(options: UsersOptions): PasswordHasher | Promise<PasswordHasher> {
  if (options.passwordHasher) return options.passwordHasher;
  const hasher = {
    cost: options.passwordCost ?? USUAL_COST[options.passwordHash],
    pepper: options.passwordPepper,
    previousPeppers: options.passwordPreviousPeppers,
    devisePepper: options.devisePepper,
  };
  return options.passwordHash === 'bcrypt'
    ? new BcryptPasswordHasher(hasher)
    : Argon2PasswordHasher.open(hasher);
}
