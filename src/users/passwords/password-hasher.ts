import type { TaskOwner } from './fair-queue.js';

/** Hashes passwords off the event loop. A hash names its algorithm and parameters. */
export abstract class PasswordHasher {
  /** A hash with the configured parameters, in PHC string format. */
  abstract hash(password: string, owner: TaskOwner): Promise<string>;
  /** Whether the password matches the hash; false for a hash that cannot be read. */
  abstract verify(password: string, hash: string, owner: TaskOwner): Promise<boolean>;
  /** A hash with the configured parameters that no password matches. Verifying it costs as much as a real one. */
  abstract dummyHash(): string;
  /** Whether a hash has other parameters than the configured ones, and is to be replaced at the next sign-in. */
  abstract isOutdated(hash: string): boolean;
}
