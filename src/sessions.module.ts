import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from './common/for-root.js';
import { type AsyncOptions, assertAsync, optionsProvider } from './common/async-options.js';
import type { Given } from './common/options.js';
import { Clock, SystemClock } from './common/clock.js';
import { SecurityEvents } from './audit/security-events.js';
import { StartCheck } from './start-check.js';
import { SessionSweeper } from './sessions/session-sweeper.js';
import { SessionsOptions } from './sessions/sessions-options.js';
import { SessionsService } from './sessions/sessions.service.js';

/** Sessions without any HTTP. Needs a `SessionStore`, which `StorageModule` or a global module of yours provides. */
@Module({})
export class SessionsModule extends NeedsForRoot {
  static forRoot(given: Given<SessionsOptions> = {}): DynamicModule {
    return moduleOf([], { provide: SessionsOptions, useValue: new SessionsOptions(given) });
  }

  static forRootAsync(given: AsyncOptions<Given<SessionsOptions>>): DynamicModule {
    assertAsync('SessionsOptions', given);
    return moduleOf(given.imports, optionsProvider(SessionsOptions, given));
  }
}

function moduleOf(imports: ModuleMetadata['imports'], options: Provider<SessionsOptions>): DynamicModule {
  return {
    module: SessionsModule,
    imports,
    providers: [
      MADE_BY_FOR_ROOT,
      StartCheck,
      SecurityEvents,
      SessionsService,
      SessionSweeper,
      options,
      { provide: Clock, useClass: SystemClock },
    ],
    exports: [SessionsService],
    global: true,
  };
}
