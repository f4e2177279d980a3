import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { AuditStore } from '../audit/audit-store.js';
import { type AsyncOptions, optionsProvider } from '../common/async-options.js';
import type { Given } from '../common/options.js';
import { Clock, SystemClock } from '../common/clock.js';
import { SessionStore } from '../sessions/session-store.js';
import { ThrottleStore } from '../throttle/throttle-store.js';
import { UserStore } from '../users/user-store.js';
import { ResetTokenStore } from '../users/reset-token-store.js';
import { Connections } from './connections.js';
import { StorageOptions } from './storage-options.js';

type Opening = Parameters<typeof Connections.open>[1];

/** Provides the stores of users, audit events, sessions and tallies to the whole application, on what the URLs name. */
@Module({})
export class StorageModule {
  /** A store that cannot be written is refused, unless `mustBeWritable` is false. */
  static forRoot(given: Given<StorageOptions> = {}, opening: Opening = {}): DynamicModule {
    return moduleOf([], { provide: StorageOptions, useValue: new StorageOptions(given) }, opening);
  }

  static forRootAsync(given: AsyncOptions<Given<StorageOptions>>, opening: Opening = {}): DynamicModule {
    return moduleOf(given.imports, optionsProvider(StorageOptions, given), opening);
  }
}

function moduleOf(
  imports: ModuleMetadata['imports'],
  options: Provider<StorageOptions>,
  opening: Opening,
): DynamicModule {
  return {
    module: StorageModule,
    imports,
    providers: [
      options,
      { provide: Clock, useClass: SystemClock },
      {
        provide: Connections,
        inject: [StorageOptions],
        useFactory: (given: StorageOptions) => Connections.open(given, opening),
      },
      { provide: UserStore, inject: [Connections], useFactory: ({ users }: Connections) => users },
      { provide: ThrottleStore, inject: [Connections], useFactory: ({ tallies }: Connections) => tallies },
      {
        provide: ResetTokenStore,
        inject: [Connections],
        useFactory: ({ resetTokens }: Connections) => resetTokens,
      },
      { provide: AuditStore, inject: [Connections], useFactory: ({ audit }: Connections) => audit },
      { provide: SessionStore, inject: [Connections], useFactory: ({ sessions }: Connections) => sessions },
    ],
    exports: [Connections, UserStore, AuditStore, SessionStore, ThrottleStore, ResetTokenStore],
    global: true,
  };
}
