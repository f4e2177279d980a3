import { hash } from 'node:crypto';
import { bcryptSettings, isBcryptCost } from '../bcrypt-recipes.js';
import type { ReadHash } from '../hash-recipe.js';

/** Plain bcrypt, and `bcrypt$$2b$…` and `bcrypt_sha256$$2b$…` of Django. */
const MODULAR = /^(bcrypt\$|bcrypt_sha256\$)?\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;

/**
 * Reads a bcrypt hash, which covers only the first 72 bytes of a password; null if it has another format or exceeds the
 * limits. The pepper of Devise is appended to passwords for plain bcrypt.
 */
export function readBcrypt(text: string, devisePepper: string): ReadHash | null {
  const [, django, cost = '', salt = '', digest = ''] = MODULAR.exec(text) ?? [];
  if (!isBcryptCost(Number(cost))) return null;
  const settings = bcryptSettings(Number(cost), salt);
  const inputOf = (password: string) => {
    if (django === undefined) return password + devisePepper;
    return django === 'bcrypt$' ? password : hash('sha256', password);
  };
  return {
    task: (password) => ({ algorithm: 'bcrypt', password: inputOf(password), settings }),
    digest,
    acceptsNul: false,
  };
}
