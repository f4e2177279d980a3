import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from './common/clock.js';
import { SessionSweeper } from './sessions/session-sweeper.js';
import { SessionsOptions } from './sessions/sessions-options.js';
import { SessionsService } from './sessions/sessions.service.js';

/** Sessions without any HTTP. Needs a `SessionStore`, which `StorageModule` or a global module of yours provides. */
@Module({})
export class SessionsModule {
  static forRoot(options: Partial<SessionsOptions> = {}): DynamicModule {
    return {
      module: SessionsModule,
      providers: [
        SessionsService,
        SessionSweeper,
        { provide: SessionsOptions, useValue: new SessionsOptions(options) },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [SessionsService],
      global: true,
    };
  }
}
