import type { Needed } from '../common/with-packages.js';

/** The packages of each kind of store. */
export const NEEDS = {
  sqlite: { by: 'SQLite', packages: 'better-sqlite3 kysely' },
  postgres: { by: 'PostgreSQL', packages: 'pg kysely' },
  redis: { by: 'Redis', packages: '@redis/client' },
} as const satisfies Record<string, Needed>;
