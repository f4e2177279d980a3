import { OptionsError, assignOptions, text } from '../common/options.js';
import { withPackages } from '../common/with-packages.js';
import type { Backend } from './backend.js';
import type { GivenRedis } from './redis/given-redis.js';
import { openRedis } from './redis/redis.backend.js';
import { NEEDS } from './needed-packages.js';
import { StorageSource } from './storage-source.js';
import { faultOfSessionStoreUrl, withoutSecrets } from './store-url.js';

export { RedisSessionStore } from './redis/redis.session-store.js';
export { RedisThrottleStore } from './redis/redis.throttle-store.js';
export type { Backend } from './backend.js';
export type { GivenIoRedis, GivenNodeRedis, GivenRedis } from './redis/given-redis.js';
export { StorageSource } from './storage-source.js';

export interface RedisOptions {
  /** The beginning of all keys; by default `coatcheck`, or what the URL says. */
  readonly keyPrefix?: string;
}

class CheckedOptions {
  readonly keyPrefix: string | null = null;

  constructor(given: RedisOptions) {
    const keyPrefix = text((prefix) => prefix !== '', 'must be a text that is not empty');
    assignOptions(this, 'RedisOptions', given, { keyPrefix });
  }
}

class RedisSource extends StorageSource {
  readonly label: string;
  readonly storesUsers = false;

  constructor(
    private readonly server: string | GivenRedis,
    private readonly keyPrefix: string | undefined,
  ) {
    super();
    this.label = typeof server === 'string' ? withoutSecrets(server) : 'the client of Redis';
  }

  open(timeout: number): Promise<Backend> {
    return withPackages(NEEDS.redis, () => openRedis(this.server, timeout, this.keyPrefix));
  }
}

/**
 * Sessions in Redis: its URL, or a connected client of node-redis or ioredis for one server, which is not changed and not
 * closed.
 */
export function redis(server: string | GivenRedis, options: RedisOptions = {}): StorageSource {
  const fault = faultOf(server);
  if (fault !== null) throw new OptionsError('redis()', [fault]);
  const { keyPrefix } = new CheckedOptions(options);
  return new RedisSource(server, keyPrefix ?? undefined);
}

function faultOf(server: string | GivenRedis): string | null {
  const needed = 'must be redis://… or a client of node-redis or ioredis';
  if (typeof server === 'string') return server.startsWith('redis') ? faultOfSessionStoreUrl(server) : needed;
  const client: Readonly<Record<string, unknown>> = Object(server);
  if (client['isCluster'] === true || 'masters' in client || 'getMasterNode' in client)
    return 'this client is for a cluster or for sentinels; use redis-cluster://… or redis-sentinel://…';
  const isClient =
    (typeof client['call'] === 'function' && typeof client['status'] === 'string') ||
    (typeof client['sendCommand'] === 'function' && typeof client['isReady'] === 'boolean');
  return isClient ? null : needed;
}
