import { createHmac } from 'node:crypto';
import type { HashRecipe, ReadHash } from './hash-recipe.js';
import type { Peppers } from './peppers.js';

/** `$bcrypt-sha256$v=2,t=2b,r=12$salt$digest` as passlib defines it; a pepper adds its id: `r=12,k=1f0e5c2a`. */
const PHC =
  /^(\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})(?:,k=([0-9a-f]{8}))?\$([./A-Za-z0-9]{22})\$)([./A-Za-z0-9]{31})$/;

/** Plain bcrypt, from another system. */
const MODULAR = /^(\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22}))([./A-Za-z0-9]{31})$/;

/** The work that a stored hash may ask for, as a power of two: a hostile row must not stop the server. */
const MIN_COST = 4;
const MAX_COST = 16;

const DIGEST_LENGTH = 31;

/**
 * bcrypt over an HMAC-SHA-256 of the password, so that bytes past the 72nd and NUL count (passlib's bcrypt_sha256 v2).
 * The HMAC is keyed with the salt and the pepper: a digest stolen elsewhere is of no use here.
 */
export function bcryptSha256(head: string, cost: number, salt: string, pepper: string): HashRecipe {
  return {
    head,
    digestLength: DIGEST_LENGTH,
    task: (password) => ({
      algorithm: 'bcrypt',
      password: createHmac('sha256', salt + pepper)
        .update(password.normalize('NFC'), 'utf8')
        .digest('base64'),
      settings: settingsOf(cost, salt),
    }),
  };
}

/** Null for what is no such hash, asks for too much work or names a pepper that is not known. */
export function readBcryptSha256(hash: string, peppers: Peppers): ReadHash | null {
  const [, head = '', cost = '', pepperId = null, salt = '', digest = ''] = PHC.exec(hash) ?? [];
  const pepper = peppers.of(pepperId);
  return isBearable(Number(cost)) && pepper !== null
    ? { recipe: bcryptSha256(head, Number(cost), salt, pepper), digest }
    : null;
}

/** bcrypt of the password itself, of which 72 bytes count: what such a hash proves, and no more. Null as above. */
export function readBcrypt(hash: string): ReadHash | null {
  const [, head = '', cost = '', salt = '', digest = ''] = MODULAR.exec(hash) ?? [];
  if (!isBearable(Number(cost))) return null;
  const settings = settingsOf(Number(cost), salt);
  const task = (password: string) => ({ algorithm: 'bcrypt', password, settings }) as const;
  return { recipe: { head, digestLength: DIGEST_LENGTH, task }, digest };
}

function isBearable(cost: number): boolean {
  return cost >= MIN_COST && cost <= MAX_COST;
}

function settingsOf(cost: number, salt: string): string {
  return `$2b$${String(cost).padStart(2, '0')}$${salt}`;
}
