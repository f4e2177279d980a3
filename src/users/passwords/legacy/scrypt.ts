import type { ReadHash } from '../hash-recipe.js';
import { base64, bytesIn } from './base64.js';

/** `scrypt$<N>$<salt>$<r>$<p>$<base64>` of Django. */
const DJANGO =
  /^scrypt\$([1-9]\d{0,7})\$([!-#%-~]{1,128})\$([1-9]\d{0,2})\$([1-9]\d{0,2})\$([A-Za-z0-9+/]{86})==$/;

/** `scrypt:<N>:<r>:<p>$<salt>$<hexadecimal digits>` of Werkzeug. */
const WERKZEUG = /^scrypt:([1-9]\d{0,7}):([1-9]\d{0,2}):([1-9]\d{0,2})\$([!-#%-~]{1,128})\$([0-9a-f]{128})$/;

/** `$scrypt$ln=<base-2 logarithm of N>,r=<r>,p=<p>$<salt>$<digest>` of passlib and others. */
const PHC =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d{0,2}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{0,342})\$([A-Za-z0-9+/]{22,86})$/;

/** `<salt>:<key>` of Better Auth, in hexadecimal digits. */
const BETTER_AUTH = /^([0-9a-f]{32}):([0-9a-f]{128})$/;

/** Better Auth has fixed parameters. */
const BETTER_AUTH_PARAMETERS = { cost: 16_384, blockSize: 16, parallelization: 1 };

/** Limits for stored hashes, because a manipulated row must not stop the server: 256 MiB, and 1 GiB in all lanes. */
const MAX_MEMORY = 2 ** 28;
const MAX_WORK = 2 ** 30;

interface ScryptParameters {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/** What `crypto.scrypt` was called with, and its result. Parameters that are left out are those of `crypto.scrypt`. */
export interface ScryptParts extends Partial<ScryptParameters> {
  readonly salt: string | Uint8Array;
  readonly hash: Uint8Array;
}

/** A result of `crypto.scrypt` as a PHC string, for applications that store its parts in columns. */
export function scryptHash({
  cost = 16_384,
  blockSize = 8,
  parallelization = 1,
  salt,
  hash,
}: ScryptParts): string {
  const parameters = `ln=${Math.log2(cost)},r=${blockSize},p=${parallelization}`;
  return `$scrypt$${parameters}$${base64(Buffer.from(salt))}$${base64(hash)}`;
}

/** Reads a hash; null if it has another format or exceeds the limits. */
export function readScrypt(hash: string): ReadHash | null {
  return readDjango(hash) ?? readWerkzeug(hash) ?? readPhc(hash) ?? readBetterAuth(hash);
}

function readDjango(hash: string): ReadHash | null {
  const [, cost, salt = '', blockSize, lanes, stored = ''] = DJANGO.exec(hash) ?? [];
  return withinLimits(parametersOf(Number(cost), blockSize, lanes), Buffer.from(salt), stored);
}

function readWerkzeug(hash: string): ReadHash | null {
  const [, cost, blockSize, lanes, salt = '', stored = ''] = WERKZEUG.exec(hash) ?? [];
  const digest = base64(Buffer.from(stored, 'hex'));
  return withinLimits(parametersOf(Number(cost), blockSize, lanes), Buffer.from(salt), digest);
}

function readPhc(hash: string): ReadHash | null {
  const [, logarithm, blockSize, lanes, salt = '', stored = ''] = PHC.exec(hash) ?? [];
  const parameters = parametersOf(2 ** Number(logarithm), blockSize, lanes);
  return withinLimits(parameters, Buffer.from(salt, 'base64'), stored);
}

function readBetterAuth(hash: string): ReadHash | null {
  const [, salt = '', stored = ''] = BETTER_AUTH.exec(hash) ?? [];
  if (stored === '') return null;
  // The salt is the text of the digits, not the bytes that they stand for.
  const read = withinLimits(BETTER_AUTH_PARAMETERS, Buffer.from(salt), base64(Buffer.from(stored, 'hex')));
  return read && { ...read, task: (password) => read.task(password.normalize('NFKC')) };
}

function parametersOf(cost: number, blockSize?: string, lanes?: string): ScryptParameters {
  return { cost, blockSize: Number(blockSize), parallelization: Number(lanes) };
}

function withinLimits(parameters: ScryptParameters, salt: Uint8Array, digest: string): ReadHash | null {
  if (!areAllowed(parameters)) return null;
  const outputLen = bytesIn(digest);
  return {
    task: (password) => ({ algorithm: 'scrypt', password, salt, ...parameters, outputLen }),
    digest,
    acceptsNul: false,
  };
}

/** Whether the parameters are within the limits, and scrypt knows them: N is a power of two below 2^(16r). */
function areAllowed({ cost, blockSize, parallelization }: ScryptParameters): boolean {
  const logarithm = Math.log2(cost);
  return (
    Number.isInteger(logarithm) &&
    logarithm >= 1 &&
    logarithm < 16 * blockSize &&
    128 * blockSize * (cost + parallelization) <= MAX_MEMORY &&
    128 * blockSize * cost * parallelization <= MAX_WORK
  );
}
