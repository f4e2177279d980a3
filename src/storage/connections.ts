import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SessionStore } from '../sessions/session-store.js';
import { UserStore } from '../users/user-store.js';
import { MemorySessionStore } from './memory/memory.session-store.js';
import { MemoryUserStore } from './memory/memory.user-store.js';
import { SqlSessionStore } from './sql/sql.session-store.js';
import { SqlUserStore } from './sql/sql.user-store.js';
import { SqliteDatabase } from './sql/sqlite.database.js';
import { STORAGE_URL, StorageOptions } from './storage-options.js';

/** The stores of one backend. */
interface Backend {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  close(): Promise<void>;
}

/** The backends that the URLs name, opened once each and closed after the last request. */
@Injectable()
export class Connections implements OnApplicationShutdown {
  private constructor(
    private readonly database: Backend,
    private readonly sessionBackend: Backend,
  ) {}

  static async open({ database, sessions, timeout }: StorageOptions): Promise<Connections> {
    const main = await openBackend(database, timeout);
    return new Connections(main, sessions === database ? main : await openBackend(sessions, timeout));
  }

  get users(): UserStore {
    return this.database.users;
  }

  get sessions(): SessionStore {
    return this.sessionBackend.sessions;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...new Set([this.database, this.sessionBackend])].map((backend) => backend.close()));
  }
}

async function openBackend(url: string, timeout: number): Promise<Backend> {
  if (!STORAGE_URL.test(url)) throw new Error('A storage URL is memory: or sqlite:<file>.');
  return url === 'memory:' ? memoryBackend() : sqliteBackend(url.slice('sqlite:'.length), timeout);
}

function memoryBackend(): Backend {
  return { users: new MemoryUserStore(), sessions: new MemorySessionStore(), close: () => Promise.resolve() };
}

async function sqliteBackend(file: string, timeout: number): Promise<Backend> {
  const database = await SqliteDatabase.open(file, timeout);
  return {
    users: new SqlUserStore(database),
    sessions: new SqlSessionStore(database),
    close: () => database.close(),
  };
}
