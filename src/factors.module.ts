import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { SecurityEvents } from './audit/security-events.js';
import { AuthOptions } from './auth/auth-options.js';
import { PendingSignIns } from './auth/pending-sign-ins.js';
import { SecondFactor } from './auth/second-factor.js';
import { type AsyncOptions, assertAsync, optionsProvider } from './common/async-options.js';
import { Clock, SystemClock } from './common/clock.js';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { checkNeeds } from './common/needs.js';
import { assertObject } from './common/options.js';
import { type Needed, withPackages } from './common/with-packages.js';
import { Challenges } from './factors/challenges.js';
import { FactorResetService } from './factors/factor-reset.service.js';
import { FactorRemover } from './factors/factor-remover.js';
import { FactorStore } from './factors/factor-store.js';
import { FactorsOptions, type FactorsOptionsGiven } from './factors/factors-options.js';
import { FactorsService } from './factors/factors.service.js';
import { PasskeySignIns } from './factors/passkey-sign-ins.js';
import type { AuthenticatorApps } from './factors/authenticator-apps.js';
import { Passkeys, findLibrary } from './factors/passkeys.js';
import { SecondSteps } from './factors/second-steps.js';
import { SecretBox } from './factors/secret-box.js';
import { UserFactors } from './factors/user-factors.js';
import { FactorsController } from './http/api/factors/factors.controller.js';
import { PasskeySignInController } from './http/api/factors/passkey-sign-in.controller.js';
import { SecondStepController } from './http/api/factors/second-step.controller.js';
import { UserFactorsController } from './http/api/factors/user-factors.controller.js';
import { routesNeedAuth } from './route-check.js';
import { StartCheck } from './start-check.js';
import { GuessThrottle } from './throttle/guess-throttle.js';
import { Accounts } from './users/accounts.js';
import { MailQueue } from './users/mails/mail-queue.js';
import { OneTimeTokens } from './users/one-time-tokens.js';
import { TokenStore } from './users/token-store.js';
import { UsersOptions } from './users/users-options.js';

/** Milliseconds in which a new authenticator app must be confirmed, and a passkey must answer. */
const SETUP_FOR = 10 * 60_000;
const ANSWER_FOR = 5 * 60_000;

export interface FactorsAsyncOptions
  extends AsyncOptions<Omit<FactorsOptionsGiven, 'routes'>>, Pick<FactorsOptionsGiven, 'routes'> {}

/**
 * Second factors: authenticator apps, recovery codes and passkeys, also for users of your own. Needs a `FactorStore` and a `TokenStore`,
 * which `StorageModule` or a global module of yours provides, `UsersModule` and `AuthModule`.
 */
@Module({})
export class FactorsModule extends NeedsForRoot {
  static forRoot(given: FactorsOptionsGiven): DynamicModule {
    assertObject('FactorsOptions', given);
    const options = new FactorsOptions(given);
    return moduleOf(options.routes, [], { provide: FactorsOptions, useValue: options });
  }

  static forRootAsync(all: FactorsAsyncOptions): DynamicModule {
    assertAsync('FactorsOptions', all, ['routes']);
    const { routes = true, ...given } = all;
    return moduleOf(routes, given.imports, optionsProvider(FactorsOptions, given, { routes }));
  }
}

const optional = (token: symbol | (abstract new (...args: never[]) => object)) => ({ token, optional: true });

/** The optional packages of each kind of factor. */
const NEEDS = {
  apps: { by: 'An authenticator app as a second factor', packages: 'otpauth uqr' },
  passkeys: { by: 'A passkey', packages: '@simplewebauthn/server' },
} as const satisfies Record<string, Needed>;

/** The kinds of factors, null where the options leave one out. */
const APPS = Symbol('authenticator apps');
const PASSKEYS = Symbol('passkeys');

/** Injected under the names of what they keep. */
const SETUPS = Symbol('setups of authenticator apps');
const ANSWERS = Symbol('challenges of passkeys');

function challenges(provide: symbol, purpose: string, validFor: number): Provider {
  const useFactory = (store: TokenStore | undefined, clock: Clock) => {
    checkNeeds('FactorsModule', { TokenStore: store });
    return new Challenges(purpose, store!, clock, validFor);
  };
  return { provide, inject: [optional(TokenStore), Clock], useFactory };
}

function moduleOf(
  routes: boolean,
  imports: DynamicModule['imports'],
  options: Provider<FactorsOptions>,
): DynamicModule {
  return {
    module: FactorsModule,
    imports,
    controllers: routes
      ? [FactorsController, SecondStepController, PasskeySignInController, UserFactorsController]
      : [],
    providers: [
      MADE_BY_FOR_ROOT,
      StartCheck,
      ...(routes ? [routesNeedAuth('FactorsModule')] : []),
      options,
      SecurityEvents,
      { provide: Clock, useClass: SystemClock },
      challenges(SETUPS, 'totp', SETUP_FOR),
      challenges(ANSWERS, 'challenge', ANSWER_FOR),
      {
        provide: UserFactors,
        inject: [optional(FactorStore), optional(Accounts), optional(MailQueue)],
        useFactory: (store?: FactorStore, accounts?: Accounts, mails?: MailQueue) => {
          checkNeeds('FactorsModule', { FactorStore: store, UsersModule: accounts });
          return new UserFactors(store!, accounts!, mails);
        },
      },
      {
        provide: SecretBox,
        inject: [FactorsOptions],
        useFactory: ({ key, previousKeys }: FactorsOptions) =>
          key === null ? null : new SecretBox([key, ...previousKeys]),
      },
      {
        provide: APPS,
        inject: [FactorsOptions],
        useFactory: async ({ key, service }: FactorsOptions) => {
          if (key === null) return null;
          const open = () => import('./factors/authenticator-apps.js');
          return new (await withPackages(NEEDS.apps, open)).AuthenticatorApps(service);
        },
      },
      {
        provide: PASSKEYS,
        inject: [FactorsOptions, ANSWERS],
        useFactory: async ({ passkeys, service }: FactorsOptions, answers: Challenges) => {
          if (!passkeys) return null;
          await withPackages(NEEDS.passkeys, findLibrary);
          return new Passkeys(passkeys, service, answers, ANSWER_FOR);
        },
      },
      {
        provide: SecondSteps,
        inject: [
          UserFactors,
          Accounts,
          GuessThrottle,
          APPS,
          SecretBox,
          PASSKEYS,
          FactorsOptions,
          UsersOptions,
          Clock,
          SecurityEvents,
        ],
        useFactory: (
          factors: UserFactors,
          accounts: Accounts,
          throttle: GuessThrottle,
          apps: AuthenticatorApps | null,
          box: SecretBox | null,
          passkeys: Passkeys | null,
          given: FactorsOptions,
          { adminRole }: UsersOptions,
          ...rest: [Clock, SecurityEvents]
        ) => new SecondSteps(factors, accounts, throttle, apps, box, passkeys, given, adminRole, ...rest),
      },
      { provide: SecondFactor, useExisting: SecondSteps },
      {
        provide: PendingSignIns,
        inject: [optional(TokenStore), Accounts, AuthOptions, Clock],
        useFactory: (store: TokenStore, accounts: Accounts, given: AuthOptions, clock: Clock) =>
          new PendingSignIns(new OneTimeTokens(store, clock), accounts, given, clock),
      },
      {
        provide: PasskeySignIns,
        inject: [AuthOptions],
        useFactory: (given: AuthOptions) => new PasskeySignIns(given, ANSWER_FOR),
      },
      {
        provide: FactorsService,
        inject: [
          UserFactors,
          SecondSteps,
          Accounts,
          SETUPS,
          APPS,
          SecretBox,
          PASSKEYS,
          FactorsOptions,
          Clock,
          SecurityEvents,
        ],
        useFactory: (...needs: ConstructorParameters<typeof FactorsService>) => new FactorsService(...needs),
      },
      {
        provide: FactorResetService,
        inject: [UserFactors, Accounts, SecurityEvents],
        useFactory: (...needs: ConstructorParameters<typeof FactorResetService>) =>
          new FactorResetService(...needs),
      },
      {
        provide: FactorRemover,
        inject: [UserFactors],
        useFactory: (factors: UserFactors) => new FactorRemover(factors),
      },
    ],
    exports: [FactorsOptions, FactorsService, FactorResetService, SecondSteps, SecondFactor, PendingSignIns],
    global: true,
  };
}
