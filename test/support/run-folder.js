import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const MEMORY = '/dev/shm';

/** Bytes that have to be free there: a run of all tests writes some 2 GB. */
const ROOM = 8e9;

const PREFIX = 'coatcheck-tests-';

/**
 * Has tests make their folders under a folder of this process. It is in memory where there is room: each commit to a database on
 * a disk waits for that disk, which was a third of the time of a run. Folders of runs that were killed are removed from memory.
 */
export function keepFoldersTogether() {
  if (basename(tmpdir()).startsWith(PREFIX)) return;
  const folder = join(hasRoomInMemory() ? MEMORY : tmpdir(), `${PREFIX}${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  // A PostgreSQL of a test runs as another user.
  chmodSync(folder, 0o711);
  process.env.TMPDIR = folder;
}

function hasRoomInMemory() {
  if (!existsSync(MEMORY)) return false;
  for (const name of readdirSync(MEMORY).filter((one) => one.startsWith(PREFIX)))
    if (!existsSync(`/proc/${name.slice(PREFIX.length)}`))
      rmSync(join(MEMORY, name), { recursive: true, force: true });
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= ROOM;
}

/** Removes the folder of this process. */
export default function removeFolder() {
  if (basename(tmpdir()) === `${PREFIX}${process.pid}`) rmSync(tmpdir(), { recursive: true, force: true });
}
