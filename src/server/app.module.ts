import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from '../audit.module.js';
import { AuthModule } from '../auth.module.js';
import { Clock, SystemClock } from '../common/clock.js';
import type { Config } from './config/config.js';
import { HealthController } from './health/health.controller.js';
import { Readiness } from './health/readiness.js';
import { StatusController } from '../http/api/service/status.controller.js';
import { SessionsModule } from '../sessions.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { UsersModule } from '../users.module.js';

/** The whole server, composed from one configuration. */
@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      controllers: [StatusController, HealthController],
      providers: [Readiness, { provide: Clock, useClass: SystemClock }],
      imports: [
        StorageModule.forRoot(config.storage),
        AuditModule.forRoot(config.audit),
        SessionsModule.forRoot(config.sessions),
        AuthModule.forRoot(config.auth),
        UsersModule.forRoot(config.users),
      ],
    };
  }
}
