import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from '../../audit.module.js';
import type { Config } from '../../server/config/config.js';
import { HealthController } from '../../server/health/health.controller.js';
import { SessionsModule } from '../../sessions.module.js';
import { StorageModule } from '../../storage/storage.module.js';
import { AlxModule } from './alx.module.js';

/** The whole server of the course contract, composed from one configuration. */
@Module({})
export class AlxAppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AlxAppModule,
      controllers: [HealthController],
      imports: [
        StorageModule.forRoot(config.storage),
        AuditModule.forRoot(config.audit),
        SessionsModule.forRoot(config.sessions),
        AlxModule.forRoot(config),
      ],
    };
  }
}
