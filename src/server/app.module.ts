import { type DynamicModule, Module } from '@nestjs/common';
import { CoatcheckModule } from '../coatcheck.module.js';
import type { Config } from './config/config.js';
import { HealthController } from './health/health.controller.js';
import { StatusController } from '../http/api/service/status.controller.js';

/** The module of the standalone server. */
@Module({})
export class AppModule {
  static forRoot({ compat, auth, storage, audit, sessions, users, mail, factors }: Config): DynamicModule {
    if (compat !== 'standard')
      throw new Error(
        'AppModule serves AUTH_COMPAT=standard only. Import the module of the contract that the configuration names.',
      );
    return {
      module: AppModule,
      controllers: [StatusController, HealthController],
      imports: [CoatcheckModule.forRoot({ ...auth, storage, audit, sessions, users, mail, factors })],
    };
  }
}
