import type { Backend } from '../backend.js';
import { BorrowedRedis, type GivenRedis } from './given-redis.js';
import type { RedisCommands } from './redis-commands.js';
import { RedisSessionStore } from './redis.session-store.js';
import { RedisThrottleStore } from './redis.throttle-store.js';

/** The driver is loaded for a URL only: a client that is handed in has brought its own. */
export async function openRedis(
  server: string | GivenRedis,
  timeout: number,
  keyPrefix?: string,
): Promise<Backend> {
  if (typeof server !== 'string') return storesOn(await BorrowedRedis.open(server, timeout, keyPrefix));
  const { RedisConnection } = await import('./redis.connection.js');
  return storesOn(await RedisConnection.open(server, timeout, keyPrefix));
}

function storesOn(redis: RedisCommands): Backend {
  return {
    users: null,
    credentials: null,
    audit: null,
    sessions: new RedisSessionStore(redis),
    tallies: new RedisThrottleStore(redis),
    tokens: null,
    outbox: null,
    factors: null,
    close: () => redis.close(),
  };
}
