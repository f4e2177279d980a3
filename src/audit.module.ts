import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from './common/clock.js';
import { AuditController } from './http/api/audit/audit.controller.js';
import { AuditOptions } from './audit/audit-options.js';
import { AuditSweeper } from './audit/audit-sweeper.js';
import { AuditTrail } from './audit/audit-trail.js';

/**
 * Records what the other modules do; without it nothing is recorded. Needs an `AuditStore`, which `StorageModule` or a
 * global module of yours provides.
 */
@Module({})
export class AuditModule {
  static forRoot({
    routes = true,
    ...options
  }: Partial<AuditOptions> & { readonly routes?: boolean } = {}): DynamicModule {
    return {
      module: AuditModule,
      controllers: routes ? [AuditController] : [],
      providers: [
        AuditTrail,
        AuditSweeper,
        { provide: AuditOptions, useValue: new AuditOptions(options) },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [AuditTrail],
      global: true,
    };
  }
}
