import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { AuditStore } from '../audit/audit-store.js';
import { SystemClock } from '../common/clock.js';
import type { SessionStore } from '../sessions/session-store.js';
import type { ThrottleStore } from '../throttle/throttle-store.js';
import type { UserStore } from '../users/user-store.js';
import type { Backend } from './backend.js';
import type { StorageOptions, TablePolicy } from './storage-options.js';
import { faultOfSessionStoreUrl, withoutSecrets } from './store-url.js';
import { reasonOf, writeTo } from './write-probe.js';

/** In milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** The backends that the URLs name, opened once each and closed after the last request. */
@Injectable()
export class Connections implements OnApplicationShutdown {
  private constructor(
    readonly users: UserStore,
    readonly audit: AuditStore,
    readonly sessions: SessionStore,
    readonly tallies: ThrottleStore,
    /** Those that are kept where users are. */
    readonly resetTokens: ThrottleStore,
    readonly backends: readonly Backend[],
  ) {}

  /** Opens the stores. One that cannot be written is refused, unless `mustBeWritable` is false: operators can still end what is there. */
  static async open(
    { database, sessions, timeout, tables }: StorageOptions,
    { mustBeWritable = true } = {},
  ): Promise<Connections> {
    const open = mustBeWritable ? openWritable : openBackend;
    const main = await open(database, timeout, tables).catch(blame('database'));
    if (sessions === database)
      return new Connections(main.users!, main.audit!, main.sessions, main.tallies, main.tallies, [main]);
    try {
      const beside = await open(sessions, timeout, tables).catch(blame('sessions'));
      const { tallies } = beside.sessions.durable ? beside : main;
      return new Connections(main.users!, main.audit!, beside.sessions, tallies, main.tallies, [
        main,
        beside,
      ]);
    } catch (error) {
      await main.close();
      throw error;
    }
  }

  /** Waits a second at most: a store that does not answer must not hold up the end of the process. */
  async onApplicationShutdown(): Promise<void> {
    const closed = Promise.all(this.backends.map((backend) => backend.close()));
    await Promise.race([closed, delay(CLOSE_TIMEOUT, undefined, { ref: false })]);
  }
}

/** A store cannot be opened; `option` of `StorageOptions` names it. */
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

/** Opens a backend, and closes it again where it cannot be written: nobody could sign in. */
async function openWritable(url: string, timeout: number, tables: TablePolicy): Promise<Backend> {
  const backend = await openBackend(url, timeout, tables);
  try {
    await writeTo(backend, new SystemClock().now());
    return backend;
  } catch (error) {
    await backend.close();
    throw new Error(`Cannot write to ${withoutSecrets(url)}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Opens a backend; drivers are loaded for the backends in use alone. */
export async function openBackend(
  url: string,
  timeout: number,
  tables: TablePolicy = 'migrate',
): Promise<Backend> {
  const fault = faultOfSessionStoreUrl(url);
  if (fault !== null) throw new Error(`Bad storage URL: ${fault}`);
  const [scheme] = url.split(':', 1);
  switch (scheme) {
    case 'memory':
      return (await import('./memory/memory.backend.js')).openMemory();
    case 'sqlite':
      return (await import('./sql/sql.backend.js')).openSqlite(url.slice('sqlite:'.length), timeout, tables);
    case 'postgres':
    case 'postgresql':
      return (await import('./sql/sql.backend.js')).openPostgres(url, timeout, tables);
    default:
      return (await import('./redis/redis.backend.js')).openRedis(url, timeout);
  }
}
