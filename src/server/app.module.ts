import { type DynamicModule, Module } from '@nestjs/common';
import { CoatcheckModule } from '../coatcheck.module.js';
import { Clock, SystemClock } from '../common/clock.js';
import type { Config } from './config/config.js';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { StatusController } from '../http/api/service/status.controller.js';

/** The whole server, composed from one configuration. */
@Module({})
export class AppModule {
  static forRoot({ compat, auth, storage, audit, sessions, users }: Config): DynamicModule {
    if (compat !== 'standard')
      throw new Error(
        'AppModule serves AUTH_COMPAT=standard only. Import the module of the contract that the configuration names.',
      );
    return {
      module: AppModule,
      controllers: [StatusController, HealthController],
      providers: [Readiness, { provide: Clock, useClass: SystemClock }],
      imports: [CoatcheckModule.forRoot({ ...auth, storage, audit, sessions, users })],
    };
  }
}
