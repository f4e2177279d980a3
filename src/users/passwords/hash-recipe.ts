import type { HashingTask } from './hashing-threads.js';

/** All that makes a hash but the password. */
export interface HashRecipe {
  /** The stored hash up to its digest. */
  readonly head: string;
  readonly digestLength: number;
  /** The work that the digest comes out of. */
  task(password: string): HashingTask;
}

/** A stored hash that can be verified. */
export interface ReadHash {
  readonly recipe: HashRecipe;
  readonly digest: string;
}
