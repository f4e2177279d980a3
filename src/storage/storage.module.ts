import {
  type Abstract,
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from '../common/for-root.js';
import { AuditStore } from '../audit/audit-store.js';
import { type AsyncOptions, optionsProvider } from '../common/async-options.js';
import type { Given } from '../common/options.js';
import { Clock, SystemClock } from '../common/clock.js';
import { SessionStore } from '../sessions/session-store.js';
import { ThrottleStore } from '../throttle/throttle-store.js';
import { UserStore } from '../users/user-store.js';
import { ResetTokenStore } from '../users/reset-token-store.js';
import { Connections } from './connections.js';
import { StorageOptions, type StoreName } from './storage-options.js';

const STORES: readonly { readonly name: StoreName; readonly provider: FactoryProvider }[] = [
  { name: 'users', provider: storeProvider(UserStore, ({ users }) => users) },
  { name: 'sessions', provider: storeProvider(SessionStore, ({ sessions }) => sessions) },
  { name: 'audit', provider: storeProvider(AuditStore, ({ audit }) => audit) },
  { name: 'throttle', provider: storeProvider(ThrottleStore, ({ tallies }) => tallies) },
  { name: 'reset_tokens', provider: storeProvider(ResetTokenStore, ({ resetTokens }) => resetTokens) },
];

type Opening = Parameters<typeof Connections.open>[1];

/** `without` stands beside the factory, as it decides which providers there are. */
export interface StorageAsyncOptions
  extends AsyncOptions<Omit<Given<StorageOptions>, 'without'>>, Pick<Given<StorageOptions>, 'without'> {}

/** Provides the stores of users, audit events, sessions and tallies to the whole application, on what the URLs name. */
@Module({})
export class StorageModule extends NeedsForRoot {
  /** A store that cannot be written is refused, unless `mustBeWritable` is false. */
  static forRoot(given: Given<StorageOptions> = {}, opening: Opening = {}): DynamicModule {
    const options = new StorageOptions(given);
    return moduleOf(options.without, [], { provide: StorageOptions, useValue: options }, opening);
  }

  static forRootAsync(
    { without: left, ...given }: StorageAsyncOptions,
    opening: Opening = {},
  ): DynamicModule {
    const { without } = new StorageOptions({ without: left });
    return moduleOf(without, given.imports, optionsProvider(StorageOptions, given, { without }), opening);
  }
}

function moduleOf(
  without: readonly StoreName[],
  imports: ModuleMetadata['imports'],
  options: Provider<StorageOptions>,
  opening: Opening,
): DynamicModule {
  const stores = STORES.filter(({ name }) => !without.includes(name));
  return {
    module: StorageModule,
    imports,
    providers: [
      MADE_BY_FOR_ROOT,
      options,
      { provide: Clock, useClass: SystemClock },
      {
        provide: Connections,
        inject: [StorageOptions],
        useFactory: (given: StorageOptions) => Connections.open(given, opening),
      },
      ...stores.map(({ provider }) => provider),
    ],
    exports: [Connections, ...stores.map(({ provider }) => provider.provide)],
    global: true,
  };
}

function storeProvider<Store>(
  provide: Abstract<Store>,
  useFactory: (connections: Connections) => Store,
): FactoryProvider<Store> {
  return { provide, inject: [Connections], useFactory };
}
