import type { RedisClient } from './redis.client.js';

/** Connections to a Redis that takes writes. */
export interface ConnectedRedis {
  readonly reads: RedisClient;
  /** Apart from the reads, which do not wait while writes wait for replicas. */
  readonly writes: RedisClient;
  /** Rejects if these connections are to be replaced: what is at their other end takes no writes, or does not answer. */
  check(): Promise<void>;
  /** Rejects unless every replica of the key's server has what was written to the key on `writes`. */
  confirm(key: string): Promise<void>;
  /** Lets go of the connections: at once, or for a cluster when its other nodes have answered what they were asked. */
  destroy(): void;
}

/** Connections that are of no use any more. */
export class UselessConnectionError extends Error {
  override readonly name = 'UselessConnectionError';
}

/** A change was made on the primary, and is not on all replicas yet: one of them may be promoted without it. */
export class NotReplicatedError extends Error {
  override readonly name = 'NotReplicatedError';
}
