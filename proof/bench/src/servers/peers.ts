import { peerFile } from '../paths.js';
import type { Contestant } from './contestant.js';
import { BETTER_AUTH, COATCHECK_MODULE, type Entrance, PEER } from './entrance.js';
import type { Engine } from './place.js';

/** What all are compared with: Nest as it comes, which answers a constant to anyone. */
export const STOCK_NEST = peer('Nest (constant)', 'nest', null);

export const NODE_HTTP = peer('node:http (constant)', 'node-http', null);
export const EXPRESS = peer('Express (constant)', 'express', null);
export const PASSPORT_MEMORY = peer('Nest + Passport (memory)', 'nest-passport-memory', PEER);
export const PASSPORT_REDIS = peer('Nest + Passport (Redis)', 'nest-passport-redis', PEER, ['redis']);
export const PASSPORT_POSTGRES = peer('Nest + Passport (PostgreSQL)', 'nest-passport-postgres', PEER, [
  'postgres',
]);
export const BETTER_AUTH_CACHED: Contestant = {
  ...peer('Nest + better-auth (SQLite, cookie cache)', 'nest-better-auth-cookie-cache', BETTER_AUTH),
  refusesEnded: false,
};
export const FASTIFY_SESSION = peer('Fastify + @fastify/session (memory)', 'fastify-session-memory', PEER);

/** Servers that ask nobody who they are. */
export const CONSTANTS: readonly Contestant[] = [
  NODE_HTTP,
  EXPRESS,
  peer('Nest on Fastify (constant)', 'nest-fastify', null),
];

/** Servers that authenticate with what others made. */
export const PEERS: readonly Contestant[] = [
  peer('Express + express-session (memory)', 'express-session-memory', PEER),
  peer('Express + express-session (Redis)', 'express-session-redis', PEER, ['redis']),
  peer('Express + express-session (PostgreSQL)', 'express-session-postgres', PEER, ['postgres']),
  PASSPORT_MEMORY,
  PASSPORT_REDIS,
  PASSPORT_POSTGRES,
  peer('Nest + better-auth (SQLite)', 'nest-better-auth-sqlite', BETTER_AUTH),
  BETTER_AUTH_CACHED,
  peer('Nest + better-auth (Redis)', 'nest-better-auth-redis', BETTER_AUTH, ['redis']),
  FASTIFY_SESSION,
  peer('Nest on Fastify + @fastify/session (memory)', 'nest-fastify-session', PEER),
  {
    ...peer('Nest on Fastify + better-auth (SQLite, cookie cache)', 'nest-fastify-better-auth', BETTER_AUTH),
    refusesEnded: false,
  },
];

/** The product as a module of a plain application on the stock adapter: the route of stock Nest, for users. */
export const IN_A_HOST: Contestant = {
  ...peer('Coatcheck in a Nest application (memory)', 'nest-coatcheck', COATCHECK_MODULE),
  path: '/people/me',
  goals: { overNest: 0.9, overPeers: {} },
};

function peer(
  name: string,
  file: string,
  entrance: Entrance | null,
  needs: readonly Engine[] = [],
): Contestant {
  return {
    name,
    file: peerFile(file),
    needs,
    variables: ({ folder, postgresUrl, redisUrl, redisPrefix }, port) => ({
      NODE_ENV: 'production',
      PORT: `${port}`,
      BENCH_FOLDER: folder,
      BENCH_POSTGRES_URL: postgresUrl,
      BENCH_REDIS_URL: redisUrl,
      BENCH_REDIS_PREFIX: redisPrefix,
    }),
    path: '/users/me',
    entrance,
    refusesEnded: true,
    goals: null,
  };
}
