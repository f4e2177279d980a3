import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const MEMORY = '/dev/shm';

/** Bytes that have to be free there: a run of all tests writes some 2 GB. */
const ROOM = 8e9;

const folderOf = (pid) => join(MEMORY, `coatcheck-tests-${pid}`);

/**
 * Has tests make their folders in memory where there is room, under a folder of this process: each commit to a database on a
 * disk waits for that disk, which was a third of the time of a run. Folders of runs that were killed are removed.
 */
export function keepFoldersInMemory() {
  if (!existsSync(MEMORY) || process.env.TMPDIR?.startsWith(folderOf(''))) return;
  for (const name of readdirSync(MEMORY)) {
    const [, pid] = /^coatcheck-tests-(\d+)$/.exec(name) ?? [];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(MEMORY, name), { recursive: true, force: true });
  }
  const { bavail, bsize } = statfsSync(MEMORY);
  if (bavail * bsize < ROOM) return;
  mkdirSync(folderOf(process.pid), { recursive: true });
  // A PostgreSQL of a test runs as another user.
  chmodSync(folderOf(process.pid), 0o711);
  process.env.TMPDIR = folderOf(process.pid);
}

/** Removes the folder of this process. */
export default function removeFolders() {
  rmSync(folderOf(process.pid), { recursive: true, force: true });
}
