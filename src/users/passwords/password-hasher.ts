import type { TaskOwner } from './fair-queue.js';

/** Turns passwords into hashes that say how they were made. It works off the event loop. */
export abstract class PasswordHasher {
  /** A hash under today's parameters, in PHC string format. */
  abstract hash(password: string, owner: TaskOwner): Promise<string>;
  /** Whether the whole password is the hashed one; false for a hash that cannot be read. */
  abstract verify(password: string, hash: string, owner: TaskOwner): Promise<boolean>;
  /** Looks like a hash under today's parameters and costs as much to verify, but nothing matches it. */
  abstract dummyHash(): string;
  /** Whether today's parameters would make the hash otherwise, so that it should be made anew. */
  abstract isOutdated(hash: string): boolean;
}
