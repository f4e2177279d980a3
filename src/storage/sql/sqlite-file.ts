import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

/** The owner of the file may read and write it, and nobody else. */
const PRIVATE = 0o600;

/** What SQLite puts beside a database, with the rights of the database. */
const COMPANIONS = ['-wal', '-shm', '-journal'];

/** Makes the file if it is not there, and keeps it and what is beside it from all users of the machine but its owner. */
export function makePrivate(file: string): void {
  ignoring(['EEXIST', 'ENOENT', 'EACCES', 'EROFS'], () => closeSync(openSync(file, 'wx', PRIVATE)));
  for (const path of [file, ...COMPANIONS.map((suffix) => file + suffix)])
    ignoring(['ENOENT', 'EPERM', 'EACCES', 'EROFS'], () => narrow(path));
}

function narrow(path: string): void {
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0) chmodSync(path, mode & 0o700);
}

/** What cannot be opened is told by SQLite, and what belongs to another user has the rights that its owner gave it. */
function ignoring(codes: readonly string[], change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!codes.includes(String((error as NodeJS.ErrnoException).code))) throw error;
  }
}
