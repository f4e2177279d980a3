import { type DynamicModule, Module } from '@nestjs/common';
import { Clock, SystemClock } from './common/clock.js';
import { SetupCheck } from './http/setup-check.js';
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
  static forRoot(options: Partial<AuditOptions> = {}): DynamicModule {
    return {
      module: AuditModule,
      controllers: [AuditController],
      providers: [
        AuditTrail,
        AuditSweeper,
        SetupCheck,
        { provide: AuditOptions, useValue: new AuditOptions(options) },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [AuditTrail],
      global: true,
    };
  }
}
