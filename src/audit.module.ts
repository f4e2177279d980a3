import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { type AsyncOptions, assertAsync, optionsProvider } from './common/async-options.js';
import type { Given } from './common/options.js';
import { Clock, SystemClock } from './common/clock.js';
import { routesNeedAuth } from './route-check.js';
import { StartCheck } from './start-check.js';
import { ActivityController } from './http/api/audit/activity.controller.js';
import { AuditController } from './http/api/audit/audit.controller.js';
import { AuditOptions } from './audit/audit-options.js';
import { AuditSweeper } from './audit/audit-sweeper.js';
import { SecurityEvents } from './audit/security-events.js';
import { AuditTrail } from './audit/audit-trail.js';

/** `routes` stands beside the factory, as it decides which controllers there are. */
export interface AuditAsyncOptions
  extends AsyncOptions<Given<Omit<AuditOptions, 'routes'>>>, Pick<Given<AuditOptions>, 'routes'> {}

/**
 * Records what the other modules do; without it nothing is recorded. Needs an `AuditStore`, which `StorageModule` or a
 * global module of yours provides.
 */
@Module({})
export class AuditModule extends NeedsForRoot {
  static forRoot(given: Given<AuditOptions> = {}): DynamicModule {
    const options = new AuditOptions(given);
    return moduleOf(options.routes, [], { provide: AuditOptions, useValue: options });
  }

  static forRootAsync(all: AuditAsyncOptions): DynamicModule {
    assertAsync('AuditOptions', all, ['routes']);
    const { routes = true, ...given } = all;
    return moduleOf(routes, given.imports, optionsProvider(AuditOptions, given, { routes }));
  }
}

function moduleOf(
  routes: boolean,
  imports: ModuleMetadata['imports'],
  options: Provider<AuditOptions>,
): DynamicModule {
  return {
    module: AuditModule,
    imports,
    controllers: routes ? [AuditController, ActivityController] : [],
    providers: [
      MADE_BY_FOR_ROOT,
      StartCheck,
      ...(routes ? [routesNeedAuth('AuditModule')] : []),
      AuditTrail,
      AuditSweeper,
      SecurityEvents,
      options,
      { provide: Clock, useClass: SystemClock },
    ],
    exports: [AuditTrail],
    global: true,
  };
}
