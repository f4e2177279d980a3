import { randomBytes } from 'node:crypto';
import { argon2id } from './argon2id-recipe.js';
import type { HashRecipe } from './hash-recipe.js';
import { type HasherOptions, RecipePasswordHasher } from './recipe.password-hasher.js';

/** The memory and lanes that OWASP asks for at two passes. */
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

  /** Stops a start on a machine for which its native code is not installed. */
  static async open(options: HasherOptions): Promise<Argon2PasswordHasher> {
    try {
      await import('@node-rs/argon2');
    } catch (cause) {
      throw new Error(
        'PASSWORD_HASH=argon2id needs the native code of @node-rs/argon2, which is an optional package. Install without --omit=optional.',
        { cause },
      );
    }
    return new Argon2PasswordHasher(options);
  }

  protected newRecipe(): HashRecipe {
    const salt = randomBytes(SALT_BYTES).toString('base64').replace(/=+$/, '');
    const parameters = { memoryCost: MEMORY_KIB, timeCost: this.#cost, parallelism: PARALLELISM };
    return argon2id(`${this.settings}${salt}$`, parameters, salt, this.peppers.current, DIGEST_LENGTH);
  }
}
