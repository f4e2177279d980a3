import { join } from 'node:path';
import { PRODUCT } from '../paths.js';
import type { Contestant, Goals } from './contestant.js';
import { COATCHECK, COATCHECK_BASIC } from './entrance.js';
import { PASSPORT_MEMORY, PASSPORT_POSTGRES, PASSPORT_REDIS } from './peers.js';
import type { Engine, Place } from './place.js';

/** Where the product keeps users and sessions; `redis` is the sessions, with users in SQLite. */
export type Store = 'memory' | 'sqlite' | 'postgres' | 'redis';

const NAMES: Readonly<Record<Store, string>> = {
  memory: 'memory',
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  redis: 'Redis',
};

const GOALS: Readonly<Record<Store, Goals>> = {
  memory: { overNest: 2.3, sameStore: PASSPORT_MEMORY.name },
  sqlite: { overNest: 2, sameStore: null },
  postgres: { overNest: 2, sameStore: PASSPORT_POSTGRES.name },
  redis: { overNest: 1.8, sameStore: PASSPORT_REDIS.name },
};

const BASIC_GOALS: Goals = { overNest: 1.8, sameStore: null };

/** The product on each kind of store, in short. */
export const COATCHECK_STORES: readonly Contestant[] = [
  coatcheck('session_auth', 'memory'),
  coatcheck('session_db_auth', 'sqlite'),
  coatcheck('session_db_auth', 'postgres'),
  coatcheck('session_db_auth', 'redis'),
];

/** The product, each strategy on each store that it is made for. */
export const COATCHECK_ALL: readonly Contestant[] = [
  coatcheck('basic_auth', 'memory'),
  coatcheck('basic_auth', 'sqlite'),
  coatcheck('session_exp_auth', 'memory'),
  ...COATCHECK_STORES,
];

/** The product as its own start command runs it, on its defaults but for where things are. */
export function coatcheck(strategy: string, store: Store, workers = 1): Contestant {
  const isBasic = strategy === 'basic_auth';
  return {
    name: `Coatcheck ${strategy} (${NAMES[store]}${workers === 1 ? '' : `, ${workers} workers`})`,
    file: PRODUCT,
    needs: enginesOf(store),
    variables: (place, port) => ({
      API_PORT: `${port}`,
      AUTH_TYPE: strategy,
      DATABASE_URL: databaseIn(place, store),
      LOG_LEVEL: 'info',
      REGISTRATION: 'open',
      WORKERS: `${workers}`,
      ...(store === 'redis' && { SESSION_STORE_URL: `${place.redisUrl}?prefix=${place.redisPrefix}` }),
      // Signing in is not measured here; where each request brings a password, its hash costs what it costs.
      ...(!isBasic && { PASSWORD_HASH_COST: '4' }),
    }),
    path: '/api/v1/users/me',
    entrance: isBasic ? COATCHECK_BASIC : COATCHECK,
    refusesEnded: true,
    goals: isBasic ? BASIC_GOALS : GOALS[store],
  };
}

/** The file of users, and of sessions where they are kept beside. */
export function sqliteFileIn(folder: string): string {
  return join(folder, 'coatcheck.db');
}

function enginesOf(store: Store): readonly Engine[] {
  return store === 'postgres' || store === 'redis' ? [store] : [];
}

function databaseIn({ folder, postgresUrl }: Place, store: Store): string {
  if (store === 'memory') return 'memory:';
  return store === 'postgres' ? postgresUrl : `sqlite:${sqliteFileIn(folder)}`;
}
