import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock.js';
import { GuessThrottle } from '../throttle/guess-throttle.js';
import { MemoryTallyStore } from '../throttle/memory.tally-store.js';
import { TallyStore } from '../throttle/tally-store.js';
import { Argon2PasswordHasher } from './argon2.password-hasher.js';
import { BcryptPasswordHasher } from './bcrypt.password-hasher.js';
import { PasswordHasher } from './password-hasher.js';
import { RegistrationDesk } from './registration-desk.js';
import { StatsController } from './stats.controller.js';
import { UsersController } from './users.controller.js';
import { USUAL_COST, UsersOptions } from './users-options.js';
import { UsersService } from './users.service.js';

/**
 * Accounts and their routes. Needs a `UserStore`, which `StorageModule` or a global module of yours provides; without a
 * `TallyStore` beside it, failed attempts are counted in this process alone.
 */
@Module({})
export class UsersModule {
  static forRoot(options: Partial<UsersOptions> = {}): DynamicModule {
    return {
      module: UsersModule,
      controllers: [UsersController, StatsController],
      providers: [
        UsersService,
        RegistrationDesk,
        { provide: UsersOptions, useValue: new UsersOptions(options) },
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
      exports: [UsersService, UsersOptions, RegistrationDesk],
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
