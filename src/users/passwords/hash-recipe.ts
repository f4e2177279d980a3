import type { HashingTask } from './hashing-threads.js';

/** The parameters and the salt of a hash. */
export interface HashRecipe {
  /** The stored hash up to its digest. */
  readonly head: string;
  readonly digestLength: number;
  /** The task that computes the digest of a password in the given spelling of Unicode. */
  task(password: string): HashingTask;
}

/** A stored hash that can be verified. */
export interface ReadHash extends Pick<HashRecipe, 'task'> {
  /** The digest as `Hashed` has it. */
  readonly digest: string;
  /** Whether the algorithm distinguishes passwords that differ by NUL. If not, a password with NUL is wrong. */
  readonly acceptsNul: boolean;
}
