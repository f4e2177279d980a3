import { chmodSync, closeSync, existsSync, fchmodSync, openSync, realpathSync, statSync } from 'node:fs';

/** The owner of a file may read and write it, and nobody else. */
const PRIVATE = 0o600;

/** What is beside a database: what SQLite puts there with the rights of the database, and our reserve. */
const COMPANIONS = ['-wal', '-shm', '-journal', '-reserve'];

/**
 * Makes the file if it is not there, and takes from it and from what is beside it all rights but the owner's to read and
 * write. A file that is read-only stays so.
 */
export function makePrivate(file: string): void {
  ignoring(['ENOENT', 'EACCES', 'EROFS', 'EISDIR'], () => {
    // An open file would lose the locks of this process when it is closed (POSIX), so one that is there is not opened.
    if (!existsSync(file)) closeSync(openPrivate(file, 'a'));
  });
  for (const suffix of ['', ...COMPANIONS])
    for (const path of new Set([file, realPathOf(file)]))
      ignoring(['ENOENT', 'EPERM', 'EACCES', 'EROFS'], () => narrow(path + suffix));
}

/** Opens a file that nobody but the owner may read and write if it is made by this, whatever the umask. */
export function openPrivate(file: string, flags: 'a' | 'wx'): number {
  const descriptor = openSync(file, flags, PRIVATE);
  ignoring(['EPERM'], () => fchmodSync(descriptor, PRIVATE));
  return descriptor;
}

/** Where SQLite puts what is beside a file that is a link. */
function realPathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function narrow(path: string): void {
  const { mode } = statSync(path);
  if ((mode & 0o177) !== 0) chmodSync(path, mode & PRIVATE);
}

/** What cannot be opened is told by SQLite, and what belongs to another user has the rights that its owner gave it. */
function ignoring(codes: readonly string[], change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!codes.includes(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
