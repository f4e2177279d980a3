import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import bcrypt from 'bcrypt';

/** The scheduling priority of hashes, lower than that of the process. */
const NICENESS = 10;

/** The variants and versions of Argon2, as the package counts them. */
const VARIANTS = { argon2d: 0, argon2i: 1, argon2id: 2 };
const VERSIONS = { 16: 0, 19: 1 };

try {
  // Only Linux has priorities of threads; the link names the current thread.
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS);
} catch {
  // On other systems, hashes have the priority of the process.
}

/**
 * Computes the digest of a task and measures its milliseconds.
 *
 * @param {import('./hashing-threads.js').HashingTask} task
 * @returns {Promise<import('./hashing-threads.js').Hashed>}
 */
export default async function hash(task) {
  if (task.algorithm === 'bcrypt')
    return timed(() => bcrypt.hashSync(task.password, task.settings).slice(task.settings.length));
  if (task.algorithm === 'pbkdf2') {
    const { password, salt, iterations, outputLen, digest } = task;
    return timed(() => base64(pbkdf2Sync(password, salt, iterations, outputLen, digest)));
  }
  if (task.algorithm === 'scrypt') {
    const { password, salt, outputLen, cost, blockSize, parallelization } = task;
    const maxmem = 128 * blockSize * (cost + parallelization + 2);
    const options = { cost, blockSize, parallelization, maxmem };
    return timed(() => base64(scryptSync(password, salt, outputLen, options)));
  }
  const { hashRawSync } = await import('@node-rs/argon2');
  const { password, algorithm, version, ...parameters } = task;
  const options = { ...parameters, algorithm: VARIANTS[algorithm], version: VERSIONS[version] };
  return timed(() => base64(hashRawSync(password, options)));
}

/** @param {Buffer} bytes */
function base64(bytes) {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** @param {() => string} work */
function timed(work) {
  const begin = performance.now();
  const digest = work();
  return { digest, took: performance.now() - begin };
}
