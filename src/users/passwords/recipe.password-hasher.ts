import { randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { readArgon2 } from './argon2-recipe.js';
import { readBcryptSha256 } from './bcrypt-recipes.js';
import { EvenTime } from './even-time.js';
import type { TaskOwner } from './fair-queue.js';
import type { HashRecipe, ReadHash } from './hash-recipe.js';
import { type HashingTask, hashInThread } from './hashing-threads.js';
import { readBcrypt } from './legacy/bcrypt.js';
import { readPbkdf2 } from './legacy/pbkdf2.js';
import { readScrypt } from './legacy/scrypt.js';
import { PasswordHasher } from './password-hasher.js';
import { Peppers } from './peppers.js';

/** The inaccuracy of timers, in milliseconds; the rest of a delay waits for turns of the event loop. */
const TIMER_ERROR = 2;

export interface HasherOptions {
  /** The cost of a hash; its meaning depends on the algorithm. */
  readonly cost: number;
  readonly pepper: string | null;
  /** Earlier peppers. A hash with one of them is replaced at the next sign-in. */
  readonly previousPeppers?: readonly string[];
  /** The `pepper` of Devise, for plain bcrypt hashes; null for none. */
  readonly devisePepper?: string | null;
}

/**
 * Verifies hashes of all built-in algorithms and of other systems, and creates hashes of one. Verifying a hash that cannot be read, or that
 * exceeds the limits, costs as much as one with the configured parameters.
 */
export abstract class RecipePasswordHasher extends PasswordHasher {
  protected readonly peppers: Peppers;
  readonly #devisePepper: string;
  readonly #evenTime = new EvenTime();
  readonly #logger = new Logger('Passwords');
  #hasWarned = false;

  constructor({ pepper, previousPeppers, devisePepper }: HasherOptions) {
    super();
    this.peppers = new Peppers(pepper, previousPeppers);
    this.#devisePepper = devisePepper ?? '';
  }

  /** The beginning of all hashes with the configured parameters. */
  protected abstract readonly settings: string;

  /** The configured parameters with a new salt. */
  protected abstract newRecipe(): HashRecipe;

  async hash(password: string, owner: TaskOwner): Promise<string> {
    const recipe = this.newRecipe();
    const { digest } = await hashInThread(recipe.task(password.normalize('NFC')), owner);
    return recipe.head + digest;
  }

  async verify(password: string, hash: string, owner: TaskOwner): Promise<boolean> {
    const stored = this.#read(hash);
    if (stored === null) this.#warnOfUnreadable();
    const canMatch = stored !== null && (stored.acceptsNul || !password.includes('\0'));
    const { task } = stored ?? this.newRecipe();
    let isRight = false;
    // Computes all spellings even after a match, so that the time depends on the given password only.
    for (const spelling of spellingsOf(password)) {
      const digest = await this.#digestOf(task(spelling), owner);
      if (canMatch && isEqual(digest, stored.digest)) isRight = true;
    }
    return isRight;
  }

  dummyHash(): string {
    const { head, digestLength } = this.newRecipe();
    return head + randomBytes(digestLength).toString('hex').slice(0, digestLength);
  }

  isOutdated(hash: string): boolean {
    return !hash.startsWith(this.settings);
  }

  /** Delays a result without occupying a thread. */
  protected async wait(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    if (milliseconds > TIMER_ERROR) await delay(milliseconds - TIMER_ERROR);
    while (performance.now() < end) await turn();
  }

  #read(hash: string): ReadHash | null {
    return (
      readBcryptSha256(hash, this.peppers) ??
      readArgon2(hash, this.peppers) ??
      readBcrypt(hash, this.#devisePepper) ??
      readPbkdf2(hash) ??
      readScrypt(hash)
    );
  }

  /** The digest of a task, after the time of the slowest recent kind. */
  async #digestOf(task: HashingTask, owner: TaskOwner): Promise<string> {
    const { digest, took } = await hashInThread(task, owner);
    await this.wait(this.#evenTime.note(kindOf(task), took));
    return digest;
  }

  #warnOfUnreadable(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger.warn(
      'A stored password hash cannot be read: its format or its pepper is unknown, or it exceeds the limits. Its user cannot sign in until the password is reset. Further such hashes are not logged.',
    );
  }
}

/** The spellings of a password in which hashes are made: ours in NFC, those of other systems often as typed. */
function spellingsOf(password: string): ReadonlySet<string> {
  return new Set([password.normalize('NFC'), password]);
}

/** The parameters of a task that determine its duration. */
function kindOf(task: HashingTask): string {
  switch (task.algorithm) {
    case 'bcrypt':
      return task.settings.slice(0, '$2b$12$'.length);
    case 'pbkdf2':
      return `${task.digest},i=${task.iterations},l=${task.outputLen}`;
    case 'scrypt':
      return `N=${task.cost},r=${task.blockSize},p=${task.parallelization}`;
    default:
      return `${task.algorithm},m=${task.memoryCost},t=${task.timeCost},p=${task.parallelism}`;
  }
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
