import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { StatusController } from './http/status.controller.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { StorageModule } from './storage/storage.module.js';
import { UsersModule } from './users/users.module.js';

/** The whole server, composed from one configuration. */
@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      controllers: [StatusController],
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
