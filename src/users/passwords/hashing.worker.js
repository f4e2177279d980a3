import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import bcrypt from 'bcrypt';

/** How much lower than the rest of the process a hash stands in line for the processor. */
const NICENESS = 10;

/** Argon2id and version 19, as the package counts them. */
const ARGON2ID = { algorithm: 2, version: 1 };

try {
  // Linux alone gives a thread a priority of its own; this names the thread that asks.
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS);
} catch {
  // Elsewhere, hashes stand in line like everything else.
}

/**
 * The digest that a task asks for, and the milliseconds that it took.
 *
 * @param {import('./hashing-threads.js').HashingTask} task
 * @returns {Promise<import('./hashing-threads.js').Hashed>}
 */
export default async function hash(task) {
  if (task.algorithm === 'bcrypt')
    return timed(() => bcrypt.hashSync(task.password, task.settings).slice(task.settings.length));
  const { hashRawSync } = await import('@node-rs/argon2');
  const { password, algorithm: _, ...parameters } = task;
  return timed(() =>
    Buffer.from(hashRawSync(password, { ...parameters, ...ARGON2ID }))
      .toString('base64')
      .replace(/=+$/, ''),
  );
}

/** @param {() => string} work */
function timed(work) {
  const begin = performance.now();
  const digest = work();
  return { digest, took: performance.now() - begin };
}
