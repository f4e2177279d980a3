import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { openPrivate } from './sqlite-file.js';

/** Bytes. This is enough for about two hundred changes in the log before the next checkpoint, or fifty with mails. */
const SIZE = 1_048_576;

/** Bytes per write. They are random, so that no file system can compress them. */
const PART = 65_536;

/** Error codes of a full disk, an exceeded quota and the file size limit of the process. */
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * A file next to the database that reserves disk space for ending sessions and revoking rights. All processes on the
 * database share it. While there is no space to create it again, other writes are refused.
 */
export class SqliteReserve {
  readonly #file: string;

  constructor(database: string) {
    this.#file = `${database}-reserve`;
  }

  /** Frees the space for the next write. */
  release(): void {
    rmSync(this.#file, { force: true });
  }

  /** Creates the file if it is missing. False if there is no space for it; true if the folder is not writable. */
  isKept(): boolean {
    return existsSync(this.#file) || (this.#hasRoom() && this.#take());
  }

  /** Checked before the file is created: a failed attempt would briefly take the space that endings need. */
  #hasRoom(): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.#file));
    return bavail * bsize >= SIZE;
  }

  #take(): boolean {
    try {
      const file = openPrivate(this.#file, 'wx');
      try {
        for (let size = 0; size < SIZE; size += PART) writeSync(file, randomBytes(PART));
        return true;
      } finally {
        closeSync(file);
      }
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return true;
      // The folder is not writable, so there is no reserve.
      if (!NO_SPACE.has(code)) return true;
      this.release();
      return false;
    }
  }
}
