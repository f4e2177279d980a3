import { join } from 'node:path';
import { PRODUCT } from '../paths.js';
import type { Contestant, Goals } from './contestant.js';
import { COATCHECK, COATCHECK_BASIC } from './entrance.js';
import {
  BETTER_AUTH_CACHED,
  FASTIFY_SESSION,
  IN_A_HOST,
  NODE_HTTP,
  PASSPORT_MEMORY,
  PASSPORT_POSTGRES,
  PASSPORT_REDIS,
} from './peers.js';
import type { Engine, Place } from './place.js';

/** Where the product keeps users and sessions; `redis` is the sessions, with users in SQLite. */
export type Store = 'memory' | 'sqlite' | 'postgres' | 'redis';

type Adapter = 'express' | 'fastify';

const NAMES: Readonly<Record<Store, string>> = {
  memory: 'memory',
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  redis: 'Redis',
};

/** Times the rate of stock Nest, by adapter and store. */
const OVER_NEST: Readonly<Record<Adapter, Readonly<Record<Store, number>>>> = {
  express: { memory: 3, sqlite: 2.3, postgres: 2, redis: 2 },
  fastify: { memory: 4, sqlite: 3.2, postgres: 2.6, redis: 2.6 },
};

/** Times the rate of peers that keep sessions in the same kind of store. */
const OVER_PEERS: Readonly<Record<Adapter, Readonly<Record<Store, Goals['overPeers']>>>> = {
  express: {
    memory: { ...overOthers(6, 12), [NODE_HTTP.name]: 0.45, [FASTIFY_SESSION.name]: 2 },
    sqlite: overOthers(5, 9),
    postgres: { ...overOthers(5, 9), [PASSPORT_POSTGRES.name]: 5 },
    redis: { ...overOthers(5, 9), [PASSPORT_REDIS.name]: 5 },
  },
  fastify: {
    memory: { [NODE_HTTP.name]: 0.55, [FASTIFY_SESSION.name]: 2.5 },
    sqlite: {},
    postgres: {},
    redis: {},
  },
};

const BASIC_GOALS: Goals = { overNest: 2.5, overPeers: {} };

/** The product on each kind of store, in short. */
export const COATCHECK_STORES = onEachStore('express');

/** The same on Fastify. */
export const COATCHECK_FASTIFY = onEachStore('fastify');

/** The product, each strategy on each store that it is made for. */
export const COATCHECK_ALL: readonly Contestant[] = [
  coatcheck('basic_auth', 'memory'),
  coatcheck('basic_auth', 'sqlite'),
  coatcheck('session_exp_auth', 'memory'),
  ...COATCHECK_STORES,
  ...COATCHECK_FASTIFY,
  IN_A_HOST,
];

/** The product as its own start command runs it, on its defaults but for where things are. */
export function coatcheck(
  strategy: string,
  store: Store,
  { workers = 1, adapter = 'express' }: { readonly workers?: number; readonly adapter?: Adapter } = {},
): Contestant {
  const isBasic = strategy === 'basic_auth';
  const details = [NAMES[store], ...(workers === 1 ? [] : [`${workers} workers`])];
  if (adapter === 'fastify') details.push('on Fastify');
  return {
    name: `Coatcheck ${strategy} (${details.join(', ')})`,
    file: PRODUCT,
    needs: enginesOf(store),
    variables: (place, port) => ({
      API_PORT: `${port}`,
      HTTP_ADAPTER: adapter,
      AUTH_TYPE: strategy,
      DATABASE_URL: databaseIn(place, store),
      LOG_LEVEL: 'info',
      REGISTRATION: 'open',
      MAIL_URL: 'off',
      WORKERS: `${workers}`,
      ...(store === 'redis' && { SESSION_STORE_URL: `${place.redisUrl}?prefix=${place.redisPrefix}` }),
      // Signing in is not measured here; where each request brings a password, its hash costs what it costs.
      ...(!isBasic && { PASSWORD_HASH_COST: '4' }),
    }),
    path: '/api/v1/users/me',
    entrance: isBasic ? COATCHECK_BASIC : COATCHECK,
    refusesEnded: true,
    goals: isBasic
      ? BASIC_GOALS
      : { overNest: OVER_NEST[adapter][store], overPeers: OVER_PEERS[adapter][store] },
  };
}

function onEachStore(adapter: Adapter): readonly Contestant[] {
  return [
    coatcheck('session_auth', 'memory', { adapter }),
    coatcheck('session_db_auth', 'sqlite', { adapter }),
    coatcheck('session_db_auth', 'postgres', { adapter }),
    coatcheck('session_db_auth', 'redis', { adapter }),
  ];
}

function overOthers(passport: number, betterAuth: number): Goals['overPeers'] {
  return { [PASSPORT_MEMORY.name]: passport, [BETTER_AUTH_CACHED.name]: betterAuth };
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
