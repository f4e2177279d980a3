import { chmodSync, closeSync, existsSync, fchmodSync, openSync, realpathSync, statSync } from 'node:fs';

/** Only the owner may read and write. */
const PRIVATE = 0o600;

/** Suffixes of the files next to a database: those of SQLite, and the reserve. */
const COMPANIONS = ['-wal', '-shm', '-journal', '-reserve'];

/**
 * Creates the file if it is missing. Removes all permissions from it and its companions, except the owner's to read and
 * write. A read-only file stays read-only.
 */
export function makePrivate(file: string): void {
  ignoring(['ENOENT', 'EACCES', 'EROFS', 'EISDIR'], () => {
    // An existing file is not opened here: to close it would drop the POSIX locks of this process.
    if (!existsSync(file)) closeSync(openPrivate(file, 'a'));
  });
  for (const suffix of ['', ...COMPANIONS])
    for (const path of new Set([file, realPathOf(file)]))
      ignoring(['ENOENT', 'EPERM', 'EACCES', 'EROFS'], () => narrow(path + suffix));
}

/** Opens a file. A file that this call creates has the mode 0600, independent of the umask. Returns the descriptor. */
export function openPrivate(file: string, flags: 'a' | 'wx'): number {
  const descriptor = openSync(file, flags, PRIVATE);
  ignoring(['EPERM'], () => fchmodSync(descriptor, PRIVATE));
  return descriptor;
}

/** The target of a symbolic link: SQLite creates its companions next to the target. */
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

/** Ignores the given error codes: SQLite reports a file that it cannot open, and only an owner can change the mode. */
function ignoring(codes: readonly string[], change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!codes.includes(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
