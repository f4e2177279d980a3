import { createHmac } from 'node:crypto';
import type { HashRecipe, ReadHash } from './hash-recipe.js';
import type { Peppers } from './peppers.js';

/** `$bcrypt-sha256$v=2,t=2b,r=12$salt$digest` as in passlib. With a pepper, it has its id: `r=12,k=1f0e5c2a`. */
const PHC =
  /^(\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})(?:,k=([0-9a-f]{8}))?\$([./A-Za-z0-9]{22})\$)([./A-Za-z0-9]{31})$/;

/** Limits for stored hashes, as powers of two, because a manipulated row must not stop the server. */
const MIN_COST = 4;
const MAX_COST = 16;

const DIGEST_LENGTH = 31;

/**
 * bcrypt over an HMAC-SHA-256 of the password (passlib's bcrypt_sha256 v2), so that bytes after the 72nd and NUL count. The
 * HMAC is keyed with the salt and the pepper, so that digests from another system cannot be tried here.
 */
export function bcryptSha256(head: string, cost: number, salt: string, pepper: string): HashRecipe {
  return {
    head,
    digestLength: DIGEST_LENGTH,
    task: (password) => ({
      algorithm: 'bcrypt',
      password: createHmac('sha256', salt + pepper)
        .update(password, 'utf8')
        .digest('base64'),
      settings: bcryptSettings(cost, salt),
    }),
  };
}

/** Reads a hash; null if it has another format, exceeds the limits or names an unknown pepper. */
export function readBcryptSha256(hash: string, peppers: Peppers): ReadHash | null {
  const [, head = '', cost = '', pepperId = null, salt = '', digest = ''] = PHC.exec(hash) ?? [];
  const pepper = peppers.of(pepperId);
  return isBcryptCost(Number(cost)) && pepper !== null
    ? { task: bcryptSha256(head, Number(cost), salt, pepper).task, digest, acceptsNul: true }
    : null;
}

/** Whether bcrypt may run with a stored cost. */
export function isBcryptCost(cost: number): boolean {
  return cost >= MIN_COST && cost <= MAX_COST;
}

/** The settings of bcrypt, as its package takes them. */
export function bcryptSettings(cost: number, salt: string): string {
  return `$2b$${String(cost).padStart(2, '0')}$${salt}`;
}
