import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { AuditTrail } from './audit/audit-trail.js';
import { type AsyncOptions, optionsProvider } from './common/async-options.js';
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
import { StartCheck } from './start-check.js';
import { UserStore } from './users/user-store.js';
import { ResetTokenStore } from './users/reset-token-store.js';
import { UserListener } from './users/user-listener.js';
import { UserListeners } from './users/user-listeners.js';
import { UsersService } from './users/users.service.js';

/** What a `PasswordResetService` needs besides its stores. */
type ResetNeeds =
  ConstructorParameters<typeof PasswordResetService> extends [unknown, unknown, ...infer Rest] ? Rest : never;

type Choice = Pick<UsersOptionsGiven, 'routes'>;

/** What decides which controllers there are stands beside the factory. */
export interface UsersAsyncOptions extends AsyncOptions<Omit<UsersOptionsGiven, keyof Choice>>, Choice {}

/**
 * Accounts and their routes. Needs a `UserStore`, which `StorageModule` or a global module of yours provides; without a
 * `ThrottleStore` beside it, failed attempts are counted in this process alone, and so are reset tokens without a `ResetTokenStore`.
 */
@Module({})
export class UsersModule extends NeedsForRoot {
  static forRoot(given: UsersOptionsGiven = {}): DynamicModule {
    const options = new UsersOptions(given);
    return moduleOf(options.routes, [], { provide: UsersOptions, useValue: options });
  }

  static forRootAsync({ routes = true, ...given }: UsersAsyncOptions): DynamicModule {
    return moduleOf(routes, given.imports, optionsProvider(UsersOptions, given, { routes }));
  }
}

function moduleOf(
  routes: boolean,
  imports: ModuleMetadata['imports'],
  options: Provider<UsersOptions>,
): DynamicModule {
  return {
    module: UsersModule,
    imports,
    controllers: routes
      ? [UsersController, PasswordResetController, StatsController, RegistrationController]
      : [],
    providers: [
      MADE_BY_FOR_ROOT,
      StartCheck,
      UsersService,
      RegistrationService,
      {
        provide: PasswordResetService,
        inject: [
          UserStore,
          { token: ResetTokenStore, optional: true },
          PasswordHasher,
          GuessThrottle,
          Clock,
          UsersOptions,
          { token: AuditTrail, optional: true },
          UserListener,
        ],
        useFactory: (users: UserStore, tallies: ResetTokenStore | undefined, ...rest: ResetNeeds) =>
          new PasswordResetService(users, tallies ?? new MemoryThrottleStore(), ...rest),
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
    exports: [UsersService, UsersOptions, RegistrationService, PasswordResetService],
    global: true,
  };
}

function hasherOf(options: UsersOptions): PasswordHasher | Promise<PasswordHasher> {
  if (options.passwordHasher) return options.passwordHasher;
  const hasher = {
    cost: options.passwordCost ?? USUAL_COST[options.passwordHash],
    pepper: options.passwordPepper,
    previousPeppers: options.passwordPreviousPeppers,
  };
  return options.passwordHash === 'bcrypt'
    ? new BcryptPasswordHasher(hasher)
    : Argon2PasswordHasher.open(hasher);
}
