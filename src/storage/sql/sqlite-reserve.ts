import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { openPrivate } from './sqlite-file.js';

/** Bytes: room for the log of some two hundred changes, until a checkpoint makes that room again. */
const SIZE = 1_048_576;

/** Bytes that are written at a time; random ones, which no file system can store in less space. */
const PART = 65_536;

/** What the system says where there is no space for a file: of the disk, of a quota, or of the process. */
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Disk space beside a database that is kept for ending sessions and removing rights. It is a file, so that all processes
 * on the database share it: while it is gone, the disk is full for everything else.
 */
export class SqliteReserve {
  readonly #file: string;

  constructor(database: string) {
    this.#file = `${database}-reserve`;
  }

  /** Leaves the space to the next write. */
  release(): void {
    rmSync(this.#file, { force: true });
  }

  /** Whether the space is kept, now that it was taken again if it could be. Where no file can be made, none is kept. */
  isKept(): boolean {
    return existsSync(this.#file) || (this.#hasRoom() && this.#take());
  }

  /** An attempt without room would take what is left of it from endings for a moment. */
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
      // The folder may not be written: there will never be one.
      if (!NO_SPACE.has(code)) return true;
      this.release();
      return false;
    }
  }
}
