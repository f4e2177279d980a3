import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { AuditStore } from '../audit/audit-store.js';
import { SystemClock } from '../common/clock.js';
import { withPackages } from '../common/with-packages.js';
import type { FactorStore } from '../factors/factor-store.js';
import type { OutboxStore } from '../mail/outbox-store.js';
import type { SessionStore } from '../sessions/session-store.js';
import type { ThrottleStore } from '../throttle/throttle-store.js';
import type { CredentialStore } from '../users/credential-store.js';
import type { TokenStore } from '../users/token-store.js';
import type { UserStore } from '../users/user-store.js';
import type { Backend } from './backend.js';
import { NEEDS } from './needed-packages.js';
import type { StorageOptions } from './storage-options.js';
import { StorageSource } from './storage-source.js';
import { faultOfSessionStoreUrl, withoutSecrets } from './store-url.js';
import type { TableOptions } from './table-options.js';
import { reasonOf, writeTo } from './write-probe.js';

/** Milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** Opens each backend of the storage URLs once, and closes it after the last request. */
@Injectable()
export class Connections implements OnApplicationShutdown {
  readonly users: UserStore;
  readonly credentials: CredentialStore;
  readonly audit: AuditStore;
  readonly sessions: SessionStore;
  readonly tallies: ThrottleStore;
  /** In the same database as the users. */
  readonly tokens: TokenStore;
  /** In the same database as the users. */
  readonly outbox: OutboxStore;
  /** In the same database as the users. */
  readonly factors: FactorStore;
  readonly backends: readonly Backend[];

  /** `main` stores users, and `beside` the sessions. */
  private constructor(main: Backend, beside = main) {
    this.users = main.users!;
    this.credentials = main.credentials!;
    this.audit = main.audit!;
    this.sessions = beside.sessions;
    this.tallies = (beside.sessions.durable ? beside : main).tallies;
    this.tokens = main.tokens!;
    this.outbox = main.outbox!;
    this.factors = main.factors!;
    this.backends = [...new Set([main, beside])];
  }

  /**
   * Opens the stores. Throws `OpeningError` if one cannot be opened or written. With `mustBeWritable` false it need not
   * be writable, so that operators can still end sessions.
   */
  static async open(
    { database, sessions, timeout, ...tables }: StorageOptions,
    { mustBeWritable = true } = {},
  ): Promise<Connections> {
    const open = mustBeWritable ? openWritable : openBackend;
    const main = await open(database, timeout, tables).catch(blame('database'));
    if (sessions === database) return new Connections(main);
    try {
      return new Connections(main, await open(sessions, timeout, tables).catch(blame('sessions')));
    } catch (error) {
      await main.close();
      throw error;
    }
  }

  /** Waits one second at most, so that a store that does not answer cannot delay the end of the process. */
  async onApplicationShutdown(): Promise<void> {
    const closed = Promise.all(this.backends.map((backend) => backend.close()));
    await Promise.race([closed, delay(CLOSE_TIMEOUT, undefined, { ref: false })]);
  }
}

/** A store cannot be opened. `option` is the property of `StorageOptions` that configures it. */
export class OpeningError extends Error {
  constructor(
    readonly option: 'database' | 'sessions',
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : 'It cannot be opened.', { cause });
  }
}

function blame(option: OpeningError['option']) {
  return (cause: unknown): never => {
    throw new OpeningError(option, cause);
  };
}

/** Opens a backend. Closes it and throws if it cannot be written, because nobody could sign in. */
async function openWritable(
  place: string | StorageSource,
  timeout: number,
  tables: TableOptions,
): Promise<Backend> {
  const backend = await openBackend(place, timeout, tables);
  try {
    await writeTo(backend, new SystemClock().now());
    return backend;
  } catch (error) {
    await backend.close();
    throw new Error(`Cannot write to ${labelOf(place)}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Opens the backend of a source or of a storage URL, and loads only its driver. Throws if the URL is not valid. */
export async function openBackend(
  place: string | StorageSource,
  timeout: number,
  tables: Partial<TableOptions> = {},
): Promise<Backend> {
  if (place instanceof StorageSource) return place.open(timeout, tables.tables);
  const fault = faultOfSessionStoreUrl(place);
  if (fault !== null) throw new Error(`Bad storage URL: ${fault}`);
  const [scheme] = place.split(':', 1);
  switch (scheme) {
    case 'memory':
      return (await import('./memory/memory.backend.js')).openMemory();
    case 'sqlite':
      return withPackages(NEEDS.sqlite, async () =>
        (await import('./sql/sql.backend.js')).openSqlite(place.slice('sqlite:'.length), timeout, tables),
      );
    case 'postgres':
    case 'postgresql':
      return withPackages(NEEDS.postgres, async () =>
        (await import('./sql/sql.backend.js')).openPostgres(place, timeout, tables),
      );
    default:
      return withPackages(NEEDS.redis, async () =>
        (await import('./redis/redis.backend.js')).openRedis(place, timeout),
      );
  }
}

/** A place as it may be shown, without secrets. */
export function labelOf(place: string | StorageSource): string {
  return typeof place === 'string' ? withoutSecrets(place) : place.label;
}
