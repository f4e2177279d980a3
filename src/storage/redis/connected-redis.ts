import type { RedisClient } from './redis.client.js';

/** Connections to a Redis that accepts writes. */
export interface ConnectedRedis {
  readonly reads: RedisClient;
  /** A second connection, so that reads do not wait while writes wait for replicas. */
  readonly writes: RedisClient;
  /** Rejects if the connections must be replaced: the server accepts no writes, or it does not answer. */
  check(): Promise<void>;
  /** Rejects unless every replica of the key's server has received the last write to the key on `writes`. */
  confirm(key: string): Promise<void>;
  /** Closes the connections: at once, or for a cluster after a second, in which pending commands may finish. */
  destroy(): void;
}

/** The connections must be replaced. */
export class UselessConnectionError extends Error {
  override readonly name = 'UselessConnectionError';
}

/** The primary made a change that not all replicas have confirmed. A fail-over may lose it. */
export class NotReplicatedError extends Error {
  override readonly name = 'NotReplicatedError';
}
