import { type DynamicModule, Module } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import { Clock, SystemClock } from '../common/clock.js';
import { SetupCheck } from '../common/setup-check.js';
import { GuessThrottle } from '../throttle/guess-throttle.js';
import { MemoryTallyStore } from '../throttle/memory.tally-store.js';
import { TallyStore } from '../throttle/tally-store.js';
import { Argon2PasswordHasher } from './argon2.password-hasher.js';
import { BcryptPasswordHasher } from './bcrypt.password-hasher.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordResetController } from './password-reset.controller.js';
import { PasswordResetService } from './password-reset.service.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationDesk } from './registration-desk.js';
import { StandardUsersController } from './standard-users.controller.js';
import { StatsController } from './stats.controller.js';
import { UsersController } from './users.controller.js';
import { USUAL_COST, UsersOptions } from './users-options.js';
import { UserStore } from './user-store.js';
import { UserTallyStore } from './user-tally-store.js';
import { UserWatcher } from './user-watcher.js';
import { UsersService } from './users.service.js';

/** What a `PasswordResetService` needs besides its stores. */
type ResetNeeds =
  ConstructorParameters<typeof PasswordResetService> extends [unknown, unknown, ...infer Rest] ? Rest : never;

/**
 * Accounts and their routes. Needs a `UserStore`, which `StorageModule` or a global module of yours provides; without a
 * `TallyStore` beside it, failed attempts are counted in this process alone, and so are reset tokens without a `UserTallyStore`.
 */
@Module({})
export class UsersModule {
  static forRoot(given: Partial<UsersOptions> = {}): DynamicModule {
    const options = new UsersOptions(given);
    return {
      module: UsersModule,
      controllers: options.standardRoutes
        ? [StandardUsersController, PasswordResetController, StatsController, RegistrationController]
        : [UsersController, StatsController],
      providers: [
        UsersService,
        RegistrationDesk,
        SetupCheck,
        {
          provide: PasswordResetService,
          inject: [
            UserStore,
            { token: UserTallyStore, optional: true },
            PasswordHasher,
            GuessThrottle,
            Clock,
            UsersOptions,
            { token: AuditTrail, optional: true },
            { token: UserWatcher, optional: true },
          ],
          useFactory: (users: UserStore, tallies: UserTallyStore | undefined, ...rest: ResetNeeds) =>
            new PasswordResetService(users, tallies ?? new MemoryTallyStore(), ...rest),
        },
        { provide: UsersOptions, useValue: options },
        { provide: Clock, useClass: SystemClock },
        {
          provide: GuessThrottle,
          inject: [{ token: TallyStore, optional: true }, Clock, UsersOptions],
          useFactory: (tallies: TallyStore | undefined, clock: Clock, { throttle }: UsersOptions) =>
            new GuessThrottle(tallies ?? new MemoryTallyStore(), clock, throttle),
        },
        {
          provide: PasswordHasher,
          inject: [UsersOptions],
          useFactory: hasherOf,
        },
      ],
      exports: [UsersService, UsersOptions, RegistrationDesk, PasswordResetService],
      global: true,
    };
  }
}

function hasherOf(options: UsersOptions): PasswordHasher | Promise<PasswordHasher> {
  const scheme = {
    cost: options.passwordCost ?? USUAL_COST[options.passwordHash],
    pepper: options.passwordPepper,
    previousPeppers: options.passwordPreviousPeppers,
  };
  return options.passwordHash === 'bcrypt'
    ? new BcryptPasswordHasher(scheme)
    : Argon2PasswordHasher.open(scheme);
}
