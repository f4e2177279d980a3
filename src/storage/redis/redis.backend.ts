import type { Backend } from '../backend.js';
import { RedisConnection } from './redis.connection.js';
import { RedisSessionStore } from './redis.session-store.js';
import { RedisThrottleStore } from './redis.throttle-store.js';

export async function openRedis(url: string, timeout: number): Promise<Backend> {
  const connection = await RedisConnection.open(url, timeout);
  return {
    users: null,
    audit: null,
    sessions: new RedisSessionStore(connection),
    tallies: new RedisThrottleStore(connection),
    close: () => connection.close(),
  };
}
