import { randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { readArgon2id } from './argon2id-recipe.js';
import { readBcrypt, readBcryptSha256 } from './bcrypt-recipes.js';
import { EvenTime } from './even-time.js';
import type { TaskOwner } from './fair-queue.js';
import type { HashRecipe, ReadHash } from './hash-recipe.js';
import { type HashingTask, hashInThread } from './hashing-threads.js';
import { PasswordHasher } from './password-hasher.js';
import { Peppers } from './peppers.js';

/** Milliseconds that timers may be late or early by; what is left is waited for turn by turn of the event loop. */
const TIMER_ERROR = 2;

export interface HasherOptions {
  /** How much work a hash is; what the number means is the algorithm's. */
  readonly cost: number;
  readonly pepper: string | null;
  /** Those of hashes made before; they are made anew at the next sign-in. */
  readonly previousPeppers?: readonly string[];
}

/**
 * Verifies what any algorithm has made, and hashes under one. A stored hash that cannot be read, or asks for more than a row
 * may, costs what one under today's parameters does.
 */
export abstract class RecipePasswordHasher extends PasswordHasher {
  protected readonly peppers: Peppers;
  readonly #evenTime = new EvenTime();

  constructor({ pepper, previousPeppers }: HasherOptions) {
    super();
    this.peppers = new Peppers(pepper, previousPeppers);
  }

  /** What all hashes under today's parameters begin with. */
  protected abstract readonly settings: string;

  /** Today's parameters with a new salt. */
  protected abstract newRecipe(): HashRecipe;

  async hash(password: string, owner: TaskOwner): Promise<string> {
    const recipe = this.newRecipe();
    const { digest } = await hashInThread(recipe.task(password), owner);
    return recipe.head + digest;
  }

  async verify(password: string, hash: string, owner: TaskOwner): Promise<boolean> {
    const stored = this.#read(hash);
    const recipe = stored?.recipe ?? this.newRecipe();
    const task = recipe.task(password);
    const { digest, took } = await hashInThread(task, owner);
    const isRight = stored !== null && isEqual(digest, stored.digest);
    await this.wait(this.#evenTime.note(kindOf(task), took));
    return isRight;
  }

  dummyHash(): string {
    const { head, digestLength } = this.newRecipe();
    return head + randomBytes(digestLength).toString('hex').slice(0, digestLength);
  }

  isOutdated(hash: string): boolean {
    return !hash.startsWith(this.settings);
  }

  /** Holds an answer back, and no thread. */
  protected async wait(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    if (milliseconds > TIMER_ERROR) await delay(milliseconds - TIMER_ERROR);
    while (performance.now() < end) await turn();
  }

  #read(hash: string): ReadHash | null {
    return readBcryptSha256(hash, this.peppers) ?? readArgon2id(hash, this.peppers) ?? readBcrypt(hash);
  }
}

/** What a task asks for, which is how long it takes. */
function kindOf(task: HashingTask): string {
  if (task.algorithm === 'bcrypt') return task.settings.slice(0, '$2b$12$'.length);
  return `m=${task.memoryCost},t=${task.timeCost},p=${task.parallelism}`;
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
