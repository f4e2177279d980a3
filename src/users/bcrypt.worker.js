import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import bcrypt from 'bcrypt';

/** How much lower than the rest of the process a hash stands in line for the processor. */
const NICENESS = 10;

try {
  // Linux alone gives a thread a priority of its own; this names the thread that asks.
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS);
} catch {
  // Elsewhere, hashes stand in line like everything else.
}

/**
 * The bcrypt hash of a text under a salt.
 *
 * @param {{ text: string, salt: string }} task
 * @returns {string}
 */
export default function hash({ text, salt }) {
  return bcrypt.hashSync(text, salt);
}
