import type { HashRecipe, ReadHash } from './hash-recipe.js';
import type { Argon2Variant } from './hashing-threads.js';
import type { Peppers } from './peppers.js';

/**
 * The PHC string of Argon2, after `argon2` in Django. Without a version it is 16. With a pepper, it has the id of the pepper:
 * `m=19456,t=2,p=1,keyid=1f0e5c2a`.
 */
const PHC =
  /^(?:argon2)?\$(argon2id|argon2i|argon2d)(?:\$v=(16|19))?\$m=([1-9]\d{0,6}),t=([1-9]\d{0,2}),p=([1-9]\d?)(?:,keyid=([0-9a-f]{8}))?\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})$/;

/** Limits for stored hashes, because a manipulated row must not stop the server: 256 MiB, and 4 GiB in all passes. */
const MAX_MEMORY_KIB = 2 ** 18;
const MAX_WORK_KIB = 2 ** 22;
const MAX_PARALLELISM = 16;

/** The minimum of Argon2 for each lane. */
const MIN_MEMORY_KIB_PER_LANE = 8;

export interface Argon2Parameters {
  readonly variant: Argon2Variant;
  readonly version: 16 | 19;
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** The work of an Argon2 hash. The pepper is Argon2's secret. The salt is in base64, as in the hash. */
export function argon2Task(
  { variant, ...parameters }: Argon2Parameters,
  salt: string,
  pepper: string,
  digestLength: number,
): HashRecipe['task'] {
  return (password) => ({
    algorithm: variant,
    password,
    salt: Buffer.from(salt, 'base64'),
    secret: Buffer.from(pepper),
    ...parameters,
    outputLen: Math.floor((digestLength * 3) / 4),
  });
}

/** Reads a hash; null if it has another format, exceeds the limits or names an unknown pepper. */
export function readArgon2(hash: string, peppers: Peppers): ReadHash | null {
  const [, variant, version, memory, passes, lanes, pepperId = null, salt = '', digest = ''] =
    PHC.exec(hash) ?? [];
  const parameters: Argon2Parameters = {
    variant: variant as Argon2Variant,
    version: version === '19' ? 19 : 16,
    memoryCost: Number(memory),
    timeCost: Number(passes),
    parallelism: Number(lanes),
  };
  const pepper = peppers.of(pepperId);
  return isWithinLimits(parameters) && pepper !== null
    ? { task: argon2Task(parameters, salt, pepper, digest.length), digest, acceptsNul: true }
    : null;
}

function isWithinLimits({ memoryCost, timeCost, parallelism }: Argon2Parameters): boolean {
  return (
    parallelism <= MAX_PARALLELISM &&
    memoryCost >= MIN_MEMORY_KIB_PER_LANE * parallelism &&
    memoryCost <= MAX_MEMORY_KIB &&
    memoryCost * timeCost <= MAX_WORK_KIB
  );
}
