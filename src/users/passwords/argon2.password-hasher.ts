import { randomBytes } from 'node:crypto';
import { requireArgon2 } from './argon2-package.js';
import { argon2Task } from './argon2-recipe.js';
import type { HashRecipe } from './hash-recipe.js';
import { type HasherOptions, RecipePasswordHasher } from './recipe.password-hasher.js';

/** The memory and lanes that OWASP recommends for two passes. */
const MEMORY_KIB = 19_456;
const PARALLELISM = 1;

const SALT_BYTES = 16;

/** The length of 32 bytes in base64. */
const DIGEST_LENGTH = 43;

/** Hashes by Argon2id in 19 MiB; the cost is the number of its passes. */
export class Argon2PasswordHasher extends RecipePasswordHasher {
  protected readonly settings: string;
  readonly #cost: number;

  constructor(options: HasherOptions) {
    super(options);
    this.#cost = options.cost;
    const pepperId = this.peppers.currentId;
    const key = pepperId === null ? '' : `,keyid=${pepperId}`;
    this.settings = `$argon2id$v=19$m=${MEMORY_KIB},t=${this.#cost},p=${PARALLELISM}${key}$`;
  }

  /** Creates the hasher. Throws an `Error` if `@node-rs/argon2` or its native code is not installed. */
  static async open(options: HasherOptions): Promise<Argon2PasswordHasher> {
    await requireArgon2();
    return new Argon2PasswordHasher(options);
  }

  protected newRecipe(): HashRecipe {
    const salt = randomBytes(SALT_BYTES).toString('base64').replace(/=+$/, '');
    const parameters = {
      variant: 'argon2id',
      version: 19,
      memoryCost: MEMORY_KIB,
      timeCost: this.#cost,
      parallelism: PARALLELISM,
    } as const;
    const task = argon2Task(parameters, salt, this.peppers.current, DIGEST_LENGTH);
    return { head: `${this.settings}${salt}$`, digestLength: DIGEST_LENGTH, task };
  }
}
