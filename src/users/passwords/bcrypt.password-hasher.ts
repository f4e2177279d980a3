import bcrypt from 'bcrypt';
import { bcryptSha256 } from './bcrypt-recipes.js';
import type { HashRecipe } from './hash-recipe.js';
import { type HasherOptions, RecipePasswordHasher } from './recipe.password-hasher.js';

/** Hashes by bcrypt over an HMAC; the cost is the base-2 logarithm of its rounds. */
export class BcryptPasswordHasher extends RecipePasswordHasher {
  protected readonly settings: string;
  readonly #cost: number;

  constructor(options: HasherOptions) {
    super(options);
    this.#cost = options.cost;
    const pepperId = this.peppers.currentId;
    this.settings = `$bcrypt-sha256$v=2,t=2b,r=${this.#cost}${pepperId === null ? '' : `,k=${pepperId}`}$`;
  }

  protected newRecipe(): HashRecipe {
    const salt = bcrypt.genSaltSync(this.#cost).slice(-22);
    const pepper = this.peppers.current;
    return bcryptSha256(`${this.settings}${salt}$`, this.#cost, salt, pepper);
  }
}
