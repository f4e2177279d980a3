import type { HashRecipe, ReadHash } from './hash-recipe.js';
import type { Peppers } from './peppers.js';

/** The PHC string of Argon2id; a pepper adds its id: `m=19456,t=2,p=1,keyid=1f0e5c2a`. */
const PHC =
  /^(\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d{0,2}),p=([1-9]\d?)(?:,keyid=([0-9a-f]{8}))?\$([A-Za-z0-9+/]{11,64})\$)([A-Za-z0-9+/]{22,86})$/;

/** What a stored hash may ask for, as a hostile row must not stop the server: 256 MiB, and 4 GiB in all its passes. */
const MAX_MEMORY_KIB = 2 ** 18;
const MAX_WORK_KIB = 2 ** 22;
const MAX_PARALLELISM = 16;

/** Argon2 takes at least so much memory for each lane. */
const MIN_MEMORY_KIB_PER_LANE = 8;

export interface Argon2Parameters {
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** Argon2id of the password in NFC; the pepper is Argon2's own secret. The salt is base64, as the hash has it. */
export function argon2id(
  head: string,
  parameters: Argon2Parameters,
  salt: string,
  pepper: string,
  digestLength: number,
): HashRecipe {
  return {
    head,
    digestLength,
    task: (password) => ({
      algorithm: 'argon2id',
      password: password.normalize('NFC'),
      salt: Buffer.from(salt, 'base64'),
      secret: Buffer.from(pepper),
      ...parameters,
      outputLen: Math.floor((digestLength * 3) / 4),
    }),
  };
}

/** Null for what is no such hash, asks for too much or names a pepper that is not known. */
export function readArgon2id(hash: string, peppers: Peppers): ReadHash | null {
  const [, head = '', memory, passes, lanes, pepperId = null, salt = '', digest = ''] = PHC.exec(hash) ?? [];
  const parameters = {
    memoryCost: Number(memory),
    timeCost: Number(passes),
    parallelism: Number(lanes),
  };
  const pepper = peppers.of(pepperId);
  return isBearable(parameters) && pepper !== null
    ? { recipe: argon2id(head, parameters, salt, pepper, digest.length), digest }
    : null;
}

function isBearable({ memoryCost, timeCost, parallelism }: Argon2Parameters): boolean {
  return (
    parallelism <= MAX_PARALLELISM &&
    memoryCost >= MIN_MEMORY_KIB_PER_LANE * parallelism &&
    memoryCost <= MAX_MEMORY_KIB &&
    memoryCost * timeCost <= MAX_WORK_KIB
  );
}
