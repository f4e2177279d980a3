import type { ReadHash } from '../hash-recipe.js';
import type { Pbkdf2Digest } from '../hashing-threads.js';
import { base64, bytesIn } from './base64.js';

/** `pbkdf2_sha256$<iterations>$<salt>$<base64>` of Django. */
const DJANGO = /^pbkdf2_(sha1|sha256)\$([1-9]\d{0,7})\$([!-#%-~]{1,128})\$([A-Za-z0-9+/]{27,43})=$/;

/** `pbkdf2:sha256:<iterations>$<salt>$<hexadecimal digits>` of Werkzeug. */
const WERKZEUG = /^pbkdf2:(sha1|sha256|sha512):([1-9]\d{0,7})\$([!-#%-~]{1,128})\$([0-9a-f]{40,128})$/;

/** `$pbkdf2-sha256$i=<iterations>$<salt>$<digest>`, or with the length in bytes: `i=<iterations>,l=32`. */
const PHC =
  /^\$pbkdf2-(sha1|sha256|sha512)\$i=([1-9]\d{0,7})(?:,l=(\d{2,3}))?\$([A-Za-z0-9+/]{0,342})\$([A-Za-z0-9+/]{22,683})$/;

/** `$pbkdf2-sha256$<iterations>$<salt>$<digest>` of passlib, and `$pbkdf2$` for SHA-1. Its base64 has `.` for `+`. */
const PASSLIB =
  /^\$pbkdf2(?:-(sha256|sha512))?\$([1-9]\d{0,7})\$([./A-Za-z0-9]{0,342})\$([./A-Za-z0-9]{27,86})$/;

/** Limit for stored hashes, because a manipulated row must not stop the server: about three seconds. */
const MAX_ITERATIONS = 5_000_000;

const DIGEST_BYTES: Readonly<Record<Pbkdf2Digest, number>> = { sha1: 20, sha256: 32, sha512: 64 };

interface Pbkdf2Parameters {
  readonly digest: Pbkdf2Digest;
  readonly iterations: number;
  readonly salt: Uint8Array;
}

/** What `crypto.pbkdf2` was called with, and its result. */
export interface Pbkdf2Parts {
  readonly digest: Pbkdf2Digest;
  readonly iterations: number;
  readonly salt: string | Uint8Array;
  readonly hash: Uint8Array;
}

/** A result of `crypto.pbkdf2` as a PHC string, for applications that store its parts in columns. */
export function pbkdf2Hash({ digest, iterations, salt, hash }: Pbkdf2Parts): string {
  return `$pbkdf2-${digest}$i=${iterations}$${base64(Buffer.from(salt))}$${base64(hash)}`;
}

/** Reads a hash; null if it has another format or exceeds the limits. */
export function readPbkdf2(hash: string): ReadHash | null {
  return readDjango(hash) ?? readWerkzeug(hash) ?? readPhc(hash) ?? readPasslib(hash);
}

function readDjango(hash: string): ReadHash | null {
  const [, digest = '', iterations, salt = '', stored = ''] = DJANGO.exec(hash) ?? [];
  return ofFullLength(parametersOf(digest, iterations, Buffer.from(salt)), stored);
}

function readWerkzeug(hash: string): ReadHash | null {
  const [, digest = '', iterations, salt = '', stored = ''] = WERKZEUG.exec(hash) ?? [];
  const bytes = Buffer.from(stored, 'hex');
  return ofFullLength(parametersOf(digest, iterations, Buffer.from(salt)), base64(bytes));
}

function readPhc(hash: string): ReadHash | null {
  const [, digest = '', iterations, length, salt = '', stored = ''] = PHC.exec(hash) ?? [];
  if (length !== undefined && Number(length) !== bytesIn(stored)) return null;
  return withinLimits(parametersOf(digest, iterations, Buffer.from(salt, 'base64')), stored);
}

function readPasslib(hash: string): ReadHash | null {
  const [, digest = 'sha1', iterations, salt = '', stored = ''] = PASSLIB.exec(hash) ?? [];
  const saltBytes = Buffer.from(salt.replaceAll('.', '+'), 'base64');
  return ofFullLength(parametersOf(digest, iterations, saltBytes), stored.replaceAll('.', '+'));
}

function parametersOf(digest: string, iterations: string | undefined, salt: Uint8Array): Pbkdf2Parameters {
  return { digest: digest as Pbkdf2Digest, iterations: Number(iterations), salt };
}

function ofFullLength(parameters: Pbkdf2Parameters, stored: string): ReadHash | null {
  return bytesIn(stored) === DIGEST_BYTES[parameters.digest] ? withinLimits(parameters, stored) : null;
}

function withinLimits({ digest, iterations, salt }: Pbkdf2Parameters, stored: string): ReadHash | null {
  const outputLen = bytesIn(stored);
  // Each block of the output takes all iterations.
  const blocks = Math.ceil(outputLen / DIGEST_BYTES[digest]);
  if (!(iterations * blocks <= MAX_ITERATIONS)) return null;
  return {
    task: (password) => ({ algorithm: 'pbkdf2', password, salt, digest, iterations, outputLen }),
    digest: stored,
    acceptsNul: false,
  };
}
