import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { MADE_BY_FOR_ROOT, NeedsForRoot } from '../common/for-root.js';
import { type AsyncOptions, assertAsync, optionsProvider } from '../common/async-options.js';
import type { Given } from '../common/options.js';
import { Clock, SystemClock } from '../common/clock.js';
import type { SessionStore } from '../sessions/session-store.js';
import type { ThrottleStore } from '../throttle/throttle-store.js';
import type { UserStore } from '../users/user-store.js';
import { Connections } from './connections.js';
import { Readiness } from './readiness.js';
import { StorageOptions } from './storage-options.js';
import { STORES, type StoreName } from './stores.js';

/** The store that is provided under each name. */
const OPENED: Record<StoreName, (connections: Connections) => unknown> = {
  users: ({ users }) => users,
  credentials: ({ credentials }) => credentials,
  sessions: ({ sessions }) => sessions,
  audit: ({ audit }) => audit,
  throttle: ({ tallies }) => tallies,
  tokens: ({ tokens }) => tokens,
  outbox: ({ outbox }) => outbox,
  factors: ({ factors }) => factors,
};

/** Those that the application may provide itself. */
const PROBED = [STORES.users, STORES.sessions, STORES.throttle];

type Opening = Parameters<typeof Connections.open>[1];

/** `without` is not part of the factory's result, because it decides which providers the module has. */
export interface StorageAsyncOptions
  extends AsyncOptions<Omit<Given<StorageOptions>, 'without'>>, Pick<Given<StorageOptions>, 'without'> {}

/**
 * Global module that provides the stores of users, credentials, sessions, audit events, failure counters, one-time tokens,
 * mails and second factors, and `Readiness`.
 */
@Module({})
export class StorageModule extends NeedsForRoot {
  /** The start fails if a store cannot be opened, or cannot be written unless `mustBeWritable` is false. */
  static forRoot(given: Given<StorageOptions> = {}, opening: Opening = {}): DynamicModule {
    const options = new StorageOptions(given);
    return moduleOf(options.without, [], { provide: StorageOptions, useValue: options }, opening);
  }

  static forRootAsync(all: StorageAsyncOptions, opening: Opening = {}): DynamicModule {
    assertAsync('StorageOptions', all, ['without']);
    const { without: left, ...given } = all;
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
  const names = (Object.keys(STORES) as StoreName[]).filter((name) => !without.includes(name));
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
      {
        provide: Readiness,
        inject: [Connections, Clock, ...PROBED.map((token) => ({ token, optional: true }))],
        useFactory: (
          { backends }: Connections,
          clock: Clock,
          users?: UserStore,
          sessions?: SessionStore,
          tallies?: ThrottleStore,
        ) =>
          new Readiness(without.length === 0 ? backends : [...backends, { users, sessions, tallies }], clock),
      },
      ...names.map((name) => ({ provide: STORES[name], inject: [Connections], useFactory: OPENED[name] })),
    ],
    exports: [StorageOptions, Connections, Readiness, ...names.map((name) => STORES[name])],
    global: true,
  };
}
